// A page that nobody touches locks itself, as Instore does. While somebody does, the server hears of it now and then.
document.addEventListener("DOMContentLoaded", () => {
  "use strict";
  const told = document.querySelector("[data-touch]")?.dataset;
  if (!told) return;
  const minutes = Number(told.idle) || 5;
  const post = (address) => fetch(address, { method: "POST", headers: { "X-CSRFToken": told.csrf, "HX-Request": "true" } });
  let touched = Date.now();
  let toldAt = Date.now();

  const here = () => {
    touched = Date.now();
    if (touched - toldAt < 45_000) return;
    toldAt = touched;
    post(told.touch).catch(() => {});
  };
  for (const sign of ["pointerdown", "keydown", "wheel"]) {
    document.addEventListener(sign, here, { passive: true, capture: true });
  }
  // Signed out first, then loaded again: the sign-in that opens leads back to this very page.
  const timer = setInterval(() => {
    if (Date.now() - touched <= minutes * 60_000 || !navigator.onLine) return;
    clearInterval(timer);
    post(told.leave).catch(() => {}).finally(() => window.location.reload());
  }, 5000);
});
