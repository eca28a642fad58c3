// Lists and packages stay true without a reload. Nothing moves under an open dialog or menu.
import { openDialog, put } from "./pieces.js";

const isBusy = () =>
  openDialog() ||
  document.activeElement?.closest(".place") ||
  document.querySelector(".result.is-open, #more:not([hidden]), [aria-busy=true]");

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

// No line: a bar in words, at every width, as soon as the device says so, a request for news fails,
// or one waits longer than it should. What is shown is then as old as the bar says.
const SLOW = 4000; // milliseconds; with a question every 10 s at the most nobody waits 15 s for the bar
const live = () => document.getElementById("live");
const bar = () => document.getElementById("offline");
let asked = 0; // since when the oldest question has no answer

const lost = () => {
  if (!bar() || !bar().hidden) return;
  bar().querySelector("time").textContent = live().querySelector("time").textContent;
  bar().hidden = false;
  live().classList.add("is-off");
};
const found = (time) => {
  asked = 0;
  const wasLost = bar() && !bar().hidden;
  if (bar()) bar().hidden = true;
  live()?.classList.remove("is-off");
  if (live()) live().querySelector("time").textContent = time;
  if (wasLost) window.htmx?.trigger(document.body, "instore:fresh");
};

const asksForNews = (elt) => elt?.matches?.("#watch, #lists");
document.addEventListener("htmx:beforeSend", (event) => {
  if (asksForNews(event.detail.elt)) asked ||= Date.now();
});
document.addEventListener("htmx:afterRequest", (event) => {
  const { xhr, elt } = event.detail;
  const time = xhr?.getResponseHeader("X-Instore-Time");
  if (time) found(time);
  else if (asksForNews(elt) && (xhr?.status ?? 0) >= 500) lost();
  if (elt.id === "watch" && xhr.status === 200 && time && !isBusy()) put(xhr.responseText);
});
for (const failed of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failed, (event) => asksForNews(event.detail.elt) && lost());
}
setInterval(() => asked && Date.now() - asked > SLOW && lost(), 1000);
window.addEventListener("offline", lost);
window.addEventListener("online", () => window.htmx?.trigger(document.body, "instore:fresh"));
if (!navigator.onLine) lost();
