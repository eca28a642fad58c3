// Lists and packages stay true without a reload. Nothing moves under an open dialog or menu.
import { openDialog, replaceParts } from "./page_parts.js";

const isBusy = () =>
  openDialog() ||
  document.activeElement?.closest(".shelf-form") ||
  document.querySelector(".result.is-open, #more:not([hidden]), [aria-busy=true]");

let knownRows = new Set();
const rowIds = () => new Set([...document.querySelectorAll("#list [id^=row-]")].map((row) => row.id));
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.target.id === "lists") knownRows = rowIds();
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (!event.detail.elt?.matches?.("#lists, #lists *") && !document.getElementById("lists")) return;
  for (const id of rowIds()) {
    if (knownRows.size && !knownRows.has(id)) document.getElementById(id).classList.add("is-new");
  }
});

// No line: a bar in words, at every width, as soon as the device says so, a request for news fails,
// or one waits longer than it should. What is shown is then as old as the bar says.
const SLOW = 4000; // milliseconds; with a question every 10 s at the most nobody waits 15 s for the bar
const live = () => document.getElementById("live");
const bar = () => document.getElementById("offline");
let waitingSince = 0; // since when the oldest question has no answer

const showOffline = () => {
  if (!bar() || !bar().hidden) return;
  bar().querySelector("time").textContent = live().querySelector("time").textContent;
  bar().hidden = false;
  live().classList.add("is-off");
};
const showOnline = (time) => {
  waitingSince = 0;
  const wasOffline = bar() && !bar().hidden;
  if (bar()) bar().hidden = true;
  live()?.classList.remove("is-off");
  if (live()) live().querySelector("time").textContent = time;
  if (wasOffline) window.htmx?.trigger(document.body, "instore:fresh");
};

const asksForNews = (elt) => elt?.matches?.("#watch, #lists");
document.addEventListener("htmx:beforeSend", (event) => {
  if (asksForNews(event.detail.elt)) waitingSince ||= Date.now();
});
document.addEventListener("htmx:afterRequest", (event) => {
  const { xhr, elt } = event.detail;
  const time = xhr?.getResponseHeader("X-Instore-Time");
  if (time) showOnline(time);
  else if (asksForNews(elt) && (xhr?.status ?? 0) >= 500) showOffline();
  if (elt.id === "watch" && xhr.status === 200 && time && !isBusy()) replaceParts(xhr.responseText);
});
for (const failed of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failed, (event) => asksForNews(event.detail.elt) && showOffline());
}
setInterval(() => waitingSince && Date.now() - waitingSince > SLOW && showOffline(), 1000);
window.addEventListener("offline", showOffline);
window.addEventListener("online", () => window.htmx?.trigger(document.body, "instore:fresh"));
if (!navigator.onLine) showOffline();
