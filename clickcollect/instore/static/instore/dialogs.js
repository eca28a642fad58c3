// One dialog at a time: it opens empty, and gives the focus back to what opened it.
import { startCountdowns } from "./countdown.js";
import { closeMenu } from "./menu.js";
import { openDialog } from "./page_parts.js";
import { closeResult } from "./result.js";

let opener = null;

export const showDialog = (button) => {
  const dialog = document.getElementById(button.dataset.dialog);
  if (!dialog) return;
  closeMenu();
  closeResult();
  openDialog()?.close();
  opener = button.closest("#more") ? "more-button" : button.id;
  dialog.querySelector("form").reset();
  dialog.showModal();
  dialog.querySelector("input:not([type=hidden]), select, .dialog-actions button").focus();
  startCountdowns(dialog);
};

document.addEventListener(
  "toggle",
  (event) => {
    if (event.target.matches("dialog details[open]")) event.target.scrollIntoView({ block: "nearest" });
  },
  true,
);

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
