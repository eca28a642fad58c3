// Pieces are ticked off as they are packed, and a scanned label is held against the package in hand.
import { runCommand } from "./commands.js";
import { openDialog } from "./page_parts.js";

// A label that is scanned while the code is asked for: right package or wrong, it is no try.
const checkLabel = (event, form) => {
  event.preventDefault();
  const body = new FormData();
  body.set("label", event.detail);
  body.set("from", form.dataset.key);
  runCommand({ url: form.dataset.label, body, button: form.querySelector("[type=submit]"), form });
};

// A tap or a scanned SKU ticks a piece off.
export const tickOff = (button) => {
  const { picked, of, tick } = button.dataset;
  const body = new FormData();
  body.set("picked", Number(picked) < Number(of) ? Number(picked) + 1 : 0);
  runCommand({ url: tick, body, button });
};
document.addEventListener("instore:scanned", (event) => {
  const form = openDialog()?.querySelector("form[data-label]");
  if (form) return checkLabel(event, form);
  const matching = [...document.querySelectorAll("[data-sku]")].filter(
    (one) =>
      one.dataset.sku.toLowerCase() === event.detail.toLowerCase() && one.getAttribute("aria-pressed") === "false",
  );
  if (!matching.length) return;
  event.preventDefault();
  tickOff(matching[0]);
});
