// Buttons, dialogs, the code, and the result. A try is sent until its answer is there, and counts once.

import { interrupted, keptDialog } from "./kept.js";
import { clearFaults, openDialog, place, put, showFaults, withPlace } from "./pieces.js";
import { closeResult, showResult } from "./result.js";
import { send } from "./send.js";

const leaveFor = (address) => {
  interrupted();
  window.location.assign(address);
};

const words = () => document.getElementById("words").dataset;
const clean = (text) => text.replace(/[\s\u00ad\u2010-\u2015\u2212-]/g, "");

// ---- Dialogs -----------------------------------------------------------------------------
let opener = null;

const open = (button) => {
  const dialog = document.getElementById(button.dataset.dialog);
  if (!dialog) return;
  closeMore();
  closeResult();
  openDialog()?.close();
  opener = button.closest("#more") ? "more-button" : button.id;
  dialog.querySelector("form").reset();
  dialog.showModal();
  dialog.querySelector("input:not([type=hidden]), select, .dialog-act button").focus();
  wait(dialog);
};

document.addEventListener(
  "close",
  (event) => {
    if (!event.target.matches("dialog")) return;
    event.target.querySelector("form").reset();
    document.getElementById(opener)?.focus({ preventScroll: true });
    window.htmx?.trigger(document.body, "instore:fresh");
  },
  true,
);

// ---- More ---------------------------------------------------------------------------------
const more = () => document.getElementById("more");
const closeMore = () => {
  if (!more() || more().hidden) return;
  more().hidden = true;
  document.getElementById("more-button").setAttribute("aria-expanded", "false");
};
const toggleMore = () => {
  const show = more().hidden;
  more().hidden = !show;
  document.getElementById("more-button").setAttribute("aria-expanded", String(show));
  if (show) more().querySelector("button").focus();
};

// ---- The code's field -----------------------------------------------------------------------
const type = (key, field) => {
  field.inputMode = "none"; // whoever taps our keypad does not want the device's
  if (field.selectionStart !== field.selectionEnd || key === "clear") field.value = "";
  if (key === "back") field.value = field.value.slice(0, -1);
  else if (key !== "clear") field.value += key;
  field.dispatchEvent(new Event("input", { bubbles: true }));
};
document.addEventListener("input", (event) => {
  if (!event.target.matches(".code")) return;
  const kept = clean(event.target.value);
  if (kept !== event.target.value) event.target.value = kept;
  event.target.removeAttribute("aria-invalid");
});
document.addEventListener("pointerdown", (event) => {
  if (event.target.closest("[data-digit]")) event.preventDefault(); // the field keeps the focus
});

// ---- A label that is scanned while the code is asked for: right package or wrong, it is no try ------
const checkLabel = (event, form) => {
  event.preventDefault();
  const body = new FormData();
  body.set("label", event.detail);
  body.set("from", form.dataset.key);
  run({ url: form.dataset.label, body, button: form.querySelector("[type=submit]"), form });
};

// ---- Packing: a tap or a scanned SKU ticks a piece off ----------------------------------------
const pick = (button) => {
  const { picked, of, tick } = button.dataset;
  const body = new FormData();
  body.set("picked", Number(picked) < Number(of) ? Number(picked) + 1 : 0);
  run({ url: tick, body, button });
};
document.addEventListener("instore:scanned", (event) => {
  const form = openDialog()?.querySelector("form[data-label]");
  if (form) return checkLabel(event, form);
  const same = [...document.querySelectorAll("[data-sku]")].filter(
    (one) =>
      one.dataset.sku.toLowerCase() === event.detail.toLowerCase() && one.getAttribute("aria-pressed") === "false",
  );
  if (!same.length) return;
  event.preventDefault();
  pick(same[0]);
});

// ---- A pause before the next send --------------------------------------------------------------
const wait = (place) => {
  for (const button of place.querySelectorAll("[data-wait]")) {
    const label = button.textContent;
    const until = Date.now() + Number(button.dataset.wait) * 1000;
    const pattern = button.dataset.waitWords;
    delete button.dataset.wait;
    const tick = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      button.textContent = left > 0 ? pattern.replace("{n}", left) : label;
      if (left > 0 && button.isConnected) setTimeout(tick, 500);
      else button.removeAttribute("aria-disabled");
    };
    tick();
  }
};

// ---- Send --------------------------------------------------------------------------------------
const say = (place, kind, strong, rest) => {
  const bar = document.getElementById(`bar-${kind}`).content.cloneNode(true);
  bar.querySelector("strong").textContent = strong;
  bar.querySelector("span").textContent = rest;
  place.replaceChildren(bar);
};

const busy = new Set();

const run = async ({ url, body, button, form }) => {
  const dialog = openDialog();
  const place = dialog?.querySelector(".verdict");
  if (busy.has("run")) return;
  busy.add("run");
  button.setAttribute("aria-busy", "true");
  try {
    const answer = await send(url, body);
    if (answer.lost) return tellLost(answer.lost, place, form);
    if (answer.moved) return leaveFor(answer.moved);
    settle(answer, dialog, form, body);
  } finally {
    busy.delete("run");
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
  wait(dialog);
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
  run({ url: form.action, body: withPlace(new FormData(form)), button: form.querySelector("[type=submit]"), form });
});

document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest(selector);
  const digit = at("[data-digit]");
  if (digit) return type(digit.dataset.digit, digit.closest("form").querySelector(".code"));
  if (at("[data-close]")) return at("dialog").close();
  if (at("[data-close-result]")) return closeResult();
  if (at("#more-button")) return toggleMore();
  const tick = at("[data-tick]");
  if (tick) return pick(tick);
  const button = at("[data-dialog], [data-run]");
  if (!button) return closeMore();
  if (event.detail > 1 || button.getAttribute("aria-disabled") === "true") return; // the second half of a double tap
  if (button.dataset.dialog) return open(button);
  closeMore();
  closeResult();
  const body = new FormData();
  body.set("from", button.dataset.from ?? button.dataset.key ?? "");
  run({ url: button.dataset.run, body: withPlace(body), button });
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || openDialog()) return;
  if (more() && !more().hidden) {
    closeMore();
    document.getElementById("more-button").focus();
  } else closeResult();
});

// Back after a lock or a new sign-in: the dialog that was open is open again.
const again = keptDialog();
const itsButton = again && document.querySelector(`[data-dialog="${again.dialog}"]`);
if (itsButton) {
  open(itsButton);
  again.fill();
}

// Scanned or found: the next step has the focus, so that Enter is enough.
if (window.location.search === "?found") {
  window.history.replaceState(null, "", window.location.pathname);
  document.getElementById("main-button")?.focus();
}
