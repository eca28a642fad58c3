// What a press starts: a key of the keypad, a dialog, the menu, a command; and what Escape closes.
import { runCommand } from "./commands.js";
import { showDialog } from "./dialogs.js";
import { pressKey } from "./keypad.js";
import { closeMenu, isMenuOpen, leaveMenu, toggleMenu } from "./menu.js";
import { tickOff } from "./packing.js";
import { openDialog, withShelf } from "./page_parts.js";
import { closeResult } from "./result.js";

document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest(selector);
  const digit = at("[data-digit]");
  if (digit) return pressKey(digit.dataset.digit, digit.closest("form").querySelector(".code"));
  if (at("[data-close]")) return at("dialog").close();
  if (at("[data-close-result]")) return closeResult();
  if (at("#more-button")) return toggleMenu();
  const tick = at("[data-tick]");
  if (tick) return tickOff(tick);
  const button = at("[data-dialog], [data-run]");
  if (!button) return closeMenu();
  if (event.detail > 1 || button.getAttribute("aria-disabled") === "true") return; // the second half of a double tap
  if (button.dataset.dialog) return showDialog(button);
  closeMenu();
  closeResult();
  const body = new FormData();
  body.set("from", button.dataset.from ?? button.dataset.key ?? "");
  runCommand({ url: button.dataset.run, body: withShelf(body), button });
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || openDialog()) return;
  if (isMenuOpen()) leaveMenu();
  else closeResult();
});
