// Lists and packages stay true without a reload. Nothing moves under an open dialog or menu.
import { openDialog, put } from "./pieces.js";

const isBusy = () =>
  openDialog() || document.activeElement?.closest(".place") || document.querySelector(".result.is-open, #more:not([hidden]), [aria-busy=true]");

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id === "watch" && isBusy()) event.preventDefault();
});

let before = new Set();
const rowIds = () => new Set([...document.querySelectorAll("#list [id^=row-]")].map((row) => row.id));
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.target.id === "lists") before = rowIds();
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (!event.detail.elt?.matches?.("#lists, #lists *") && !document.getElementById("lists")) return;
  for (const id of rowIds()) {
    if (before.size && !before.has(id)) document.getElementById(id).classList.add("is-new");
  }
});

const live = () => document.getElementById("live");
document.addEventListener("htmx:afterRequest", (event) => {
  const { xhr, elt } = event.detail;
  const time = xhr?.getResponseHeader("X-Instore-Time");
  if (time && live()) {
    live().classList.remove("is-off");
    live().querySelector("time").textContent = time;
  }
  if (elt.id === "watch" && xhr.status === 200 && !isBusy()) put(xhr.responseText);
});
for (const lost of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(lost, () => live()?.classList.add("is-off"));
}
window.addEventListener("offline", () => live()?.classList.add("is-off"));
window.addEventListener("online", () => {
  live()?.classList.remove("is-off");
  window.htmx?.trigger(document.body, "instore:fresh");
});
