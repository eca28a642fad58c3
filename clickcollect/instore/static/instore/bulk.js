// Select many, then run one command on each, one after the other, with a result per package.
import { send } from "./send.js";

const selected = new Set();
const bar = () => document.getElementById("bulk-bar");

const showSelection = () => {
  for (const box of document.querySelectorAll("[data-pick]")) box.checked = selected.has(box.dataset.pick);
  if (!bar()) return;
  bar().hidden = selected.size === 0;
  const button = bar().querySelector("[data-bulk-open]");
  button.textContent = button.dataset.words.replace("{n}", selected.size);
};

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-pick]")) return;
  if (event.target.checked) selected.add(event.target.dataset.pick);
  else selected.delete(event.target.dataset.pick);
  showSelection();
});
document.addEventListener("htmx:afterSwap", showSelection);

const openBulk = async (button) => {
  const answer = await fetch(`${button.dataset.bulkOpen}?numbers=${[...selected].join(",")}`, {
    headers: { "HX-Request": "true" },
  });
  if (!answer.ok) return window.location.reload();
  document.getElementById("bulk")?.remove();
  document.getElementById("app").insertAdjacentHTML("beforeend", await answer.text());
  document.getElementById("bulk").showModal();
};

const runAll = async (button) => {
  const dialog = document.getElementById("bulk");
  const progress = document.getElementById("bulk-progress");
  const jobs = button.dataset.bulk.split(" ");
  for (const other of dialog.querySelectorAll("[data-bulk]")) other.disabled = true;
  button.setAttribute("aria-busy", "true");
  for (const [done, url] of jobs.entries()) {
    const row = document.getElementById(`bulk-${url.split("/")[3]}`);
    const answer = await send(url, new FormData());
    const answerPage = new DOMParser().parseFromString(answer.html ?? "", "text/html");
    const words =
      answer.code === "done"
        ? `✓ ${progress.dataset.done}`
        : (answerPage.querySelector(".next-step")?.textContent ?? answer.code ?? progress.dataset.lost);
    row.querySelector(".bulk-result").textContent = words;
    row.classList.add(answer.code === "done" ? "is-done" : "is-bad");
    progress.textContent = progress.dataset.words.replace("{n}", done + 1).replace("{all}", jobs.length);
  }
  button.removeAttribute("aria-busy");
  button.hidden = true;
};

document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest(selector);
  if (at("[data-bulk-open]")) return openBulk(at("[data-bulk-open]"));
  if (at("[data-bulk]") && !at("[data-bulk]").disabled) return runAll(at("[data-bulk]"));
  const close = at("[data-bulk-close]");
  if (!close && !at("[data-bulk-clear]")) return;
  selected.clear();
  showSelection();
  if (!close) return;
  document.getElementById("bulk").close();
  window.htmx?.trigger(document.body, "instore:fresh");
});
