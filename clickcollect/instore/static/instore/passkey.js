// A passkey that was not used says so in the page, and what to do instead.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  document.getElementById("passkey-said").replaceChildren(document.getElementById("passkey-failed").content.cloneNode(true));
});
