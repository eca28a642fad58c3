// Select many, then run one command on each, one after the other, with a result per package. The selection stays, so
// that the next step is one more press.
import { send } from "./send.js";

const MOST = 100; // as many as the server takes at once
const selected = new Set();
const bar = () => document.getElementById("bulk-bar");
const dialog = () => document.getElementById("bulk");
const boxes = () => [...document.querySelectorAll("[data-select]")];

const showSelection = () => {
  for (const box of boxes()) box.checked = selected.has(box.dataset.select);
  const all = document.querySelector("[data-select-all]");
  if (all) {
    const here = boxes().filter((box) => box.checked).length;
    all.checked = here > 0 && here === boxes().length;
    all.indeterminate = here > 0 && here < boxes().length;
  }
  if (!bar()) return;
  bar().hidden = selected.size === 0;
  const button = bar().querySelector("[data-bulk-open]");
  const { one, many } = button.dataset;
  button.textContent = (selected.size === 1 ? one : many).replace("{n}", selected.size);
};

const select = (box, isChosen) => {
  if (isChosen && selected.size < MOST) selected.add(box.dataset.select);
  else if (!isChosen) selected.delete(box.dataset.select);
};

document.addEventListener("change", (event) => {
  const { target } = event;
  if (target.matches("[data-select-all]")) for (const box of boxes()) select(box, target.checked);
  else if (target.matches("[data-select]")) select(target, target.checked);
  else return;
  showSelection();
});
document.addEventListener("htmx:afterSwap", showSelection);

const fetchDialog = async () => {
  const address = bar().querySelector("[data-bulk-open]").dataset.bulkOpen;
  const answer = await fetch(`${address}?numbers=${[...selected].join(",")}`, { headers: { "HX-Request": "true" } });
  if (!answer.ok) return window.location.reload();
  const template = document.createElement("template");
  template.innerHTML = await answer.text();
  return template.content.querySelector("dialog");
};

const openBulk = async () => {
  const fresh = await fetchDialog();
  if (!fresh) return;
  dialog()?.remove();
  document.getElementById("app").append(fresh);
  fresh.showModal();
  fresh.querySelector("[data-bulk], [data-bulk-close]").focus(); // and not the first shelf: no keyboard over the step
};

// What comes next: the steps that are on offer now, and of each package what became of it.
const showNextSteps = async () => {
  const fresh = await fetchDialog();
  if (!fresh) return;
  dialog().querySelector(".dialog-actions").replaceWith(fresh.querySelector(".dialog-actions"));
  dialog().querySelector("[data-bulk], [data-bulk-close]").focus();
};

// The shelf that was typed beside a package goes with its command, and the bags that it has stay.
const shelfOf = (row) => {
  const body = new FormData();
  const field = row.querySelector("[data-bags]");
  if (field && field.value !== field.defaultValue) {
    body.set("shelf", field.value);
    body.set("bags", field.dataset.bags);
    field.defaultValue = field.value;
  }
  return body;
};

const runAll = async (button) => {
  const progress = document.getElementById("bulk-progress");
  const jobs = button.dataset.bulk.split(" ");
  for (const other of dialog().querySelectorAll("[data-bulk]")) other.disabled = true;
  button.setAttribute("aria-busy", "true");
  for (const [done, url] of jobs.entries()) {
    const row = document.getElementById(`bulk-${url.split("/")[3]}`);
    const answer = await send(url, shelfOf(row));
    const answerPage = new DOMParser().parseFromString(answer.html ?? "", "text/html");
    const isDone = answer.code === "done";
    const words = isDone
      ? `✓ ${answerPage.querySelector("#package .steps [aria-current]")?.textContent.trim() ?? progress.dataset.done}`
      : (answerPage.querySelector(".next-step")?.textContent ?? answer.code ?? progress.dataset.lost);
    row.querySelector(".bulk-result").textContent = words;
    row.classList.toggle("is-done", isDone);
    row.classList.toggle("is-bad", !isDone);
    progress.textContent = progress.dataset.words.replace("{n}", done + 1).replace("{all}", jobs.length);
  }
  await showNextSteps();
};

document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest(selector);
  if (at("[data-bulk-open]")) return openBulk();
  if (at("[data-bulk]") && !at("[data-bulk]").disabled) return runAll(at("[data-bulk]"));
  if (at("[data-bulk-clear]")) {
    selected.clear();
    showSelection();
  }
  if (at("[data-bulk-close]")) dialog().close();
});
// A label scanned meanwhile is one of these packages, whose shelf is typed next; it never leads away from the rest.
document.addEventListener("instore:scanned", (event) => {
  if (!dialog()?.open) return;
  event.preventDefault();
  const digits = /(\d+)\D*$/.exec(event.detail)?.[1];
  const row = digits && document.getElementById(`bulk-PK-${digits}`);
  const progress = document.getElementById("bulk-progress");
  progress.textContent = row ? "" : progress.dataset.other.replace("{label}", event.detail);
  const shelf = row?.querySelector("[data-bags]");
  shelf?.focus();
  shelf?.select();
});
// Enter goes on to the next shelf instead of closing the dialog.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("#bulk [data-bags]")) return;
  event.preventDefault();
  const fields = [...dialog().querySelectorAll("[data-bags]")];
  (fields[fields.indexOf(event.target) + 1] ?? dialog().querySelector("[data-bulk], [data-bulk-close]")).focus();
});
document.addEventListener(
  "close",
  (event) => {
    if (event.target.id === "bulk") window.htmx?.trigger(document.body, "instore:fresh");
  },
  true,
);
