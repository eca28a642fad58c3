// A device that nobody touches locks itself. While somebody does, the server hears of it now and then.
const { idle, touch } = document.body.dataset;
const minutes = Number(idle) || 5;
let touched = Date.now();
let told = Date.now();

const here = () => {
  touched = Date.now();
  if (touched - told < 45_000) return;
  told = touched;
  fetch(touch, { method: "POST", headers: { "X-CSRFToken": document.body.dataset.csrf, "HX-Request": "true" } }).catch(() => {});
};
for (const sign of ["pointerdown", "keydown", "wheel"]) {
  document.addEventListener(sign, here, { passive: true, capture: true });
}
setInterval(() => {
  if (Date.now() - touched > minutes * 60_000 && navigator.onLine) document.getElementById("lock").requestSubmit();
}, 5000);
