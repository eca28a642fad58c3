// A page that nobody touches locks itself, as Instore does. While somebody does, the server hears of it now and then.
const header = document.querySelector("[data-touch]").dataset; // the header that loads this has it
const minutes = Number(header.idle) || 5;
const post = (address) =>
  fetch(address, { method: "POST", headers: { "X-CSRFToken": header.csrf, "HX-Request": "true" } });
const TOUCHED = "touched"; // the device is touched, not a page: every tab of it knows, and Instore's too
let touched = Date.now();
let reportedAt = Date.now();

const here = () => {
  touched = Date.now();
  localStorage.setItem(TOUCHED, touched);
  if (touched - reportedAt < 45_000) return;
  reportedAt = touched;
  post(header.touch).catch(() => {});
};
for (const sign of ["pointerdown", "keydown", "wheel"]) {
  document.addEventListener(sign, here, { passive: true, capture: true });
}
// Signed out first; the sign-in says why, and leads back to this very page. Never by loading the page again: the
// answer to a form would first ask whether to send it once more, and show what it shows until somebody answers.
const signIn = () => {
  const back = new URLSearchParams({ next: window.location.pathname + window.location.search, locked: 1 });
  window.location.replace(`${header.signIn}?${back}`);
};
const timer = setInterval(() => {
  const last = Math.max(touched, Number(localStorage.getItem(TOUCHED)) || 0);
  if (Date.now() - last <= minutes * 60_000 || !navigator.onLine) return;
  clearInterval(timer);
  post(header.leave)
    .catch(() => {})
    .finally(signIn);
}, 5000);
