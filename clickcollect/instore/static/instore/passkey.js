// A passkey's button can be pressed once the scripts that answer it have it in hand: no press goes nowhere.
document.addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll("[data-passkey]")) button.disabled = false;
});
// A passkey that was not used says so in the page, and what to do instead.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  document
    .getElementById("passkey-status")
    .replaceChildren(document.getElementById("passkey-failed").content.cloneNode(true));
});
