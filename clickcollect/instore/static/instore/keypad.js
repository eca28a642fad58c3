// The code's field: our keypad types into it, and blanks and dashes are never kept.
const clean = (text) => text.replace(/[\s\u00ad\u2010-\u2015\u2212-]/g, "");

export const pressKey = (key, field) => {
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
