// A device that nobody touches locks itself. While somebody does, the server hears of it now and then.
const { idle, touch } = document.body.dataset;
const minutes = Number(idle) || 5;
const TOUCHED = "touched"; // the device is touched, not a page: every tab of it knows, and OMS WEB's too
let touched = Date.now();
let reportedAt = Date.now();

const noteTouch = () => {
  touched = Date.now();
  localStorage.setItem(TOUCHED, touched);
  if (touched - reportedAt < 45_000) return;
  reportedAt = touched;
  fetch(touch, {
    method: "POST",
    headers: {
      "X-CSRFToken": document.body.dataset.csrf,
      "HX-Request": "true",
      "HX-Current-URL": window.location.href,
    },
  }).catch(() => {});
};
for (const sign of ["pointerdown", "keydown", "wheel"]) {
  document.addEventListener(sign, noteTouch, { passive: true, capture: true });
}
let locked = false;
const lock = () => {
  if (locked) return;
  locked = true;
  const form = document.getElementById("lock");
  form.elements.locked.value = "1";
  form.elements.next.value = window.location.pathname + window.location.search;
  form.requestSubmit();
};
setInterval(() => {
  const last = Math.max(touched, Number(localStorage.getItem(TOUCHED)) || 0);
  if (Date.now() - last > minutes * 60_000 && navigator.onLine) lock();
}, 5000);
