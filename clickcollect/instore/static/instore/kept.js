// What was typed outlives a lock and a lost session: in this tab, for this person, on this page. Never a code or password.
import { place, unsaved } from "./pieces.js";

const KEY = "instore-typed";
const me = document.body.dataset.me;
const here = window.location.pathname;
const read = () => {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
};
export const forget = () => sessionStorage.removeItem(KEY);

const keeps = (field) =>
  field.id &&
  field.value !== field.defaultValue &&
  !field.matches("[type=hidden], [type=password], .code, [name=username]");
const valuesOf = (form) =>
  [...form.elements]
    .filter((field) => field.matches("input, select") && keeps(field))
    .map(({ id, value }) => [id, value]);
const fill = (values) => {
  for (const [id, value] of values ?? []) {
    const field = document.getElementById(id);
    if (!field) continue;
    field.value = value;
    field.closest("details")?.setAttribute("open", "");
  }
};

// Called when the page is taken away: locked, or signed out elsewhere.
let taken = false;
export const interrupted = ({ withDialog = true } = {}) => {
  const dialog = withDialog && document.querySelector("dialog[open] form[data-key]");
  const values = dialog ? valuesOf(dialog) : [];
  const at = unsaved().map(({ id, value, defaultValue }) => [id, value, defaultValue]);
  sessionStorage.setItem(
    KEY,
    JSON.stringify({ me, here, at, dialog: dialog ? dialog.closest("dialog").id : "", values }),
  );
  taken = true;
};
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (taken)
    event.preventDefault(); // the lock leads on; news that comes late does not
  else if (event.detail.xhr.getResponseHeader("HX-Redirect")) interrupted();
});

// Whoever leaves the page by themselves leaves shelf and bags saved.
window.addEventListener("pagehide", () => {
  if (taken || !unsaved().length) return;
  const body = new FormData(place());
  body.set("csrfmiddlewaretoken", document.body.dataset.csrf);
  navigator.sendBeacon(place().action, body);
  interrupted({ withDialog: false }); // should that not arrive, it is still there on the way back
});
window.addEventListener("beforeunload", (event) => {
  if (!taken && unsaved().some(({ name, value }) => name === "bags" && !/^\s*\d{0,2}\s*$/.test(value)))
    event.preventDefault();
});

const kept = read();
const isMine = kept.me === me && kept.here === here;
if (kept.me !== me || isMine) forget();
if (isMine) {
  // Shelf and bags only where nobody has written something else since.
  fill((kept.at ?? []).filter(([id, , before]) => document.getElementById(id)?.defaultValue === before));
}
export const keptDialog = () => (isMine && kept.dialog ? { dialog: kept.dialog, fill: () => fill(kept.values) } : null);

document.getElementById("lock")?.addEventListener("submit", (event) => {
  if (event.target.elements.locked.value) interrupted();
  else {
    taken = true;
    forget();
  }
});
