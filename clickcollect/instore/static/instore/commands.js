// A command is sent until its answer is there, counts once, and its answer goes where it belongs.
import { startCountdowns } from "./countdown.js";
import { interrupted } from "./kept.js";
import { clearFaults, openDialog, place, put, showFaults, withPlace } from "./pieces.js";
import { showResult } from "./result.js";
import { send } from "./send.js";

const leaveFor = (address) => {
  interrupted();
  window.location.assign(address);
};

const words = () => document.getElementById("words").dataset;

const say = (place, kind, strong, rest) => {
  const bar = document.getElementById(`bar-${kind}`).content.cloneNode(true);
  bar.querySelector("strong").textContent = strong;
  bar.querySelector("span").textContent = rest;
  place.replaceChildren(bar);
};

let running = false;

export const runCommand = async ({ url, body, button, form }) => {
  const dialog = openDialog();
  const place = dialog?.querySelector(".verdict");
  if (running) return;
  running = true;
  button.setAttribute("aria-busy", "true");
  try {
    const answer = await send(url, body);
    if (answer.lost) return tellLost(answer.lost, place, form);
    if (answer.moved) return leaveFor(answer.moved);
    settle(answer, dialog, form, body);
  } finally {
    running = false;
    button.removeAttribute("aria-busy");
  }
};

const tellLost = (kind, place, form) => {
  const target = place ?? document.getElementById("trouble");
  say(target, "calm", words()[`${kind}Strong`], words()[`${kind}Rest`]);
  form?.querySelector("input:not([type=hidden])")?.focus();
};

const settle = (answer, dialog, form, body) => {
  const leaves = answer.html.includes('id="package"');
  clearFaults(form);
  clearFaults(place());
  if (answer.code === "done" && body.has("shelf")) place()?.reset(); // it stands saved in the answer
  const atPlace = answer.html.includes('id="trouble"');
  if (leaves || atPlace) dialog?.close();
  document.getElementById("trouble")?.replaceChildren();
  put(answer.html);
  if (leaves) return showResult();
  if (atPlace) {
    const [first] = showFaults(place(), document.getElementById("trouble"));
    first?.closest("details")?.setAttribute("open", "");
    return first?.focus();
  }
  if (!dialog) return;
  startCountdowns(dialog);
  const code = form?.querySelector(".code");
  if (answer.code === "done") return dialog.querySelector(".code")?.focus();
  const [fault] = showFaults(form, dialog.querySelector(".verdict"));
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
    body: withPlace(new FormData(form)),
    button: form.querySelector("[type=submit]"),
    form,
  });
});
