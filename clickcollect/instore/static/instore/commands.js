// A command is sent until its answer is there, counts once, and its answer goes where it belongs.
import { startCountdowns } from "./countdown.js";
import { clearFaults, openDialog, replaceParts, shelfForm, showFaults, withShelf } from "./page_parts.js";
import { showResult } from "./result.js";
import { send } from "./send.js";
import { keepTypedText } from "./typed_text.js";

const leaveFor = (address) => {
  keepTypedText();
  window.location.assign(address);
};

const texts = () => document.getElementById("script-texts").dataset;

export const showBar = (container, kind, strong, rest) => {
  const bar = document.getElementById(`bar-${kind}`).content.cloneNode(true);
  bar.querySelector("strong").textContent = strong;
  bar.querySelector("span").textContent = rest;
  container.replaceChildren(bar);
};

let running = false;
let ticks = Promise.resolve();

// Pieces are ticked off faster than they are answered: each waits for the one before, none is lost.
export const runTick = (ask) => {
  ticks = ticks.catch(() => {}).then(() => run(ask()));
};

// A command waits for the ticks before it; pressed twice, it runs once.
export const runCommand = async (asked) => {
  await ticks.catch(() => {});
  return run(asked);
};

const run = async (asked) => {
  if (!asked || running) return;
  const { url, body, button, form } = asked;
  const dialog = openDialog();
  const messageBox = dialog?.querySelector(".dialog-message");
  running = true;
  button.setAttribute("aria-busy", "true");
  try {
    const answer = await send(url, body);
    if (answer.lost) return showConnectionLost(answer.lost, messageBox, form);
    if (answer.moved) return leaveFor(answer.moved);
    showAnswer(answer, dialog, form, body);
  } finally {
    running = false;
    button.removeAttribute("aria-busy");
  }
};

const showConnectionLost = (kind, messageBox, form) => {
  const target = messageBox ?? document.getElementById("page-error");
  showBar(target, "calm", texts()[`${kind}Strong`], texts()[`${kind}Rest`]);
  form?.querySelector("input:not([type=hidden])")?.focus();
};

const showAnswer = (answer, dialog, form, body) => {
  const replacesPage = answer.html.includes('id="package"');
  clearFaults(form);
  clearFaults(shelfForm());
  if (answer.code === "done" && body.has("shelf")) shelfForm()?.reset(); // it stands saved in the answer
  const isPageError = answer.html.includes('id="page-error"');
  if (replacesPage || isPageError) dialog?.close();
  for (const id of ["page-error", "page-note"]) document.getElementById(id)?.replaceChildren();
  replaceParts(answer.html);
  if (replacesPage) return showResult();
  if (isPageError) {
    const [first] = showFaults(shelfForm(), document.getElementById("page-error"));
    first?.closest("details")?.setAttribute("open", "");
    return first?.focus();
  }
  if (!dialog) return;
  startCountdowns(dialog);
  const code = form?.querySelector(".code");
  if (answer.code === "done") return dialog.querySelector(".code")?.focus();
  const [fault] = showFaults(form, dialog.querySelector(".dialog-message"));
  const field = fault ?? code;
  if (!fault) code?.setAttribute("aria-invalid", "true");
  field?.focus();
  field?.select?.();
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("dialog form, [data-send]")) return;
  event.preventDefault();
  runCommand({
    url: form.action,
    body: withShelf(new FormData(form)),
    button: form.querySelector("[type=submit]"),
    form,
  });
});
