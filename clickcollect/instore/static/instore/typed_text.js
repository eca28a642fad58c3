// What was typed outlives a lock and a lost session: in this tab, for this person, on this page. Never a code or password.
import { shelfForm, unsavedShelf } from "./page_parts.js";

const KEY = "instore-typed";
const currentUser = document.body.dataset.me;
const path = window.location.pathname;
const readKept = () => {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
};
export const clearKept = () => sessionStorage.removeItem(KEY);

const isWorthKeeping = (field) =>
  field.id &&
  field.value !== field.defaultValue &&
  !field.matches("[type=hidden], [type=password], .code, [name=username]");
const valuesOf = (form) =>
  [...form.elements]
    .filter((field) => field.matches("input, select") && isWorthKeeping(field))
    .map(({ id, value }) => [id, value]);
const fillFields = (values) => {
  for (const [id, value] of values ?? []) {
    const field = document.getElementById(id);
    if (!field) continue;
    field.value = value;
    field.closest("details")?.setAttribute("open", "");
  }
};

// Called when the page is taken away: locked, or signed out elsewhere.
let isLeaving = false;
export const keepTypedText = ({ withDialog = true } = {}) => {
  const dialog = withDialog && document.querySelector("dialog[open] form[data-key]");
  const values = dialog ? valuesOf(dialog) : [];
  const shelf = unsavedShelf().map(({ id, value, defaultValue }) => [id, value, defaultValue]);
  sessionStorage.setItem(
    KEY,
    JSON.stringify({ currentUser, path, shelf, dialog: dialog ? dialog.closest("dialog").id : "", values }),
  );
  isLeaving = true;
};
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (isLeaving)
    event.preventDefault(); // the lock leads on; news that comes late does not
  else if (event.detail.xhr.getResponseHeader("HX-Redirect")) keepTypedText();
});

// Whoever leaves the page by themselves leaves shelf and bags saved.
window.addEventListener("pagehide", () => {
  if (isLeaving || !unsavedShelf().length) return;
  const body = new FormData(shelfForm());
  body.set("csrfmiddlewaretoken", document.body.dataset.csrf);
  navigator.sendBeacon(shelfForm().action, body);
  keepTypedText({ withDialog: false }); // should that not arrive, it is still there on the way back
});
window.addEventListener("beforeunload", (event) => {
  if (!isLeaving && unsavedShelf().some(({ name, value }) => name === "bags" && !/^\s*\d{0,2}\s*$/.test(value)))
    event.preventDefault();
});

const kept = readKept();
const isMine = kept.currentUser === currentUser && kept.path === path;
if (kept.currentUser !== currentUser || isMine) clearKept();
if (isMine) {
  // Shelf and bags only where nobody has written something else since.
  fillFields((kept.shelf ?? []).filter(([id, , before]) => document.getElementById(id)?.defaultValue === before));
}
export const dialogToReopen = () =>
  isMine && kept.dialog ? { dialog: kept.dialog, fill: () => fillFields(kept.values) } : null;

document.getElementById("lock")?.addEventListener("submit", (event) => {
  if (event.target.elements.locked.value) keepTypedText();
  else {
    isLeaving = true;
    clearKept();
  }
});
