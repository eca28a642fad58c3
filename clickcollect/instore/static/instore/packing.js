// Pieces are ticked off as they are packed, and a scanned label is held against the package in hand.
import { runCommand, runTick, showBar } from "./commands.js";
import { openDialog } from "./page_parts.js";

// A label that is scanned while the code is asked for: right package or wrong, it is no try.
const checkLabel = (event, form) => {
  event.preventDefault();
  const body = new FormData();
  body.set("label", event.detail);
  body.set("from", form.dataset.key);
  runCommand({ url: form.dataset.label, body, button: form.querySelector("[type=submit]"), form });
};

// A tap or a scanned SKU ticks a piece off, counted from what stands there when its turn comes. A tap on the last one
// begins anew; a scan of one piece too many does not.
export const tickOff = ({ id }, { isScan = false } = {}) =>
  runTick(() => {
    const button = document.getElementById(id);
    if (!button) return null; // packed meanwhile
    const { picked, of, tick } = button.dataset;
    const hasMore = Number(picked) < Number(of);
    if (isScan && !hasMore) return null;
    const body = new FormData();
    body.set("picked", hasMore ? Number(picked) + 1 : 0);
    return { url: tick, body, button };
  });
const showOneTooMany = (sku) => {
  const { extraStrong, extraRest } = document.getElementById("script-texts").dataset;
  showBar(document.getElementById("page-error"), "note", extraStrong.replace("{sku}", sku), extraRest);
};
document.addEventListener("instore:scanned", (event) => {
  const form = openDialog()?.querySelector("form[data-label]");
  if (form) return checkLabel(event, form);
  const matching = [...document.querySelectorAll("[data-sku]")].filter(
    ({ dataset }) => dataset.sku.toLowerCase() === event.detail.toLowerCase(),
  );
  if (!matching.length) return;
  event.preventDefault();
  const open = matching.find((one) => one.getAttribute("aria-pressed") === "false");
  if (open) tickOff(open, { isScan: true });
  else showOneTooMany(event.detail);
});
