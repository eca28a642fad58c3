// Shelf and bags that stand typed on the page and not saved: they go with the next command.
export const shelfForm = () => document.querySelector("form[data-shelf-form]");
const changed = (form) =>
  [...(form?.querySelectorAll("input.input") ?? [])].filter((field) => field.value !== field.defaultValue);
export const unsavedShelf = () => changed(shelfForm());
export const withShelf = (body) => {
  if (unsavedShelf().length) for (const name of ["shelf", "bags"]) body.set(name, shelfForm().elements[name].value);
  return body;
};

// What is wrong is said at its field, and the first such field has the focus.
const clearFault = (sentence) => {
  const field = document.getElementById(sentence.dataset.of);
  field?.removeAttribute("aria-invalid");
  field?.removeAttribute("aria-describedby");
  sentence.remove();
};
export const clearFaults = (form) => form?.querySelectorAll(".fault").forEach(clearFault);
// A field that is being corrected is wrong no longer.
document.addEventListener("input", (event) => {
  const sentence = event.target.id && document.getElementById(`${event.target.id}-fault`);
  if (sentence) clearFault(sentence);
});
export const showFaults = (form, message) => {
  const fields = [];
  const faults = [...(message?.querySelectorAll("[data-fault]") ?? [])];
  for (const fault of faults) {
    const field = form?.elements[fault.dataset.fault];
    if (!field?.id || field.matches(".code")) continue;
    const sentence = Object.assign(document.createElement("p"), {
      className: "fault",
      id: `${field.id}-fault`,
      textContent: fault.textContent,
    });
    sentence.dataset.of = field.id;
    if (form.matches("[data-shelf-form]"))
      form.append(sentence); // its fields are too narrow for words
    else field.after(sentence);
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", sentence.id);
    fields.push(field);
  }
  // Said at every field, it is only read out once more.
  if (fields.length && fields.length === faults.length) message.firstElementChild.classList.add("visually-hidden");
  return fields;
};

// Put pieces of a page in the places of their ids, without stealing the focus.
export const replaceParts = (html) => {
  const template = document.createElement("template");
  template.innerHTML = html;
  const focused = document.activeElement?.id;
  const typed = unsavedShelf().map(({ id, value }) => [id, value]);
  for (const piece of [...template.content.children]) {
    const old = document.getElementById(piece.id);
    if (!old) continue;
    if (piece.dataset.swap === "inner") {
      old.replaceChildren(...piece.childNodes); // a live region has to be there before it speaks
    } else {
      old.replaceWith(piece);
      window.htmx?.process(piece);
    }
  }
  for (const [id, value] of typed) {
    const field = document.getElementById(id);
    if (field && field.defaultValue !== value) field.value = value;
  }
  if (focused && document.activeElement === document.body) {
    document.getElementById(focused)?.focus({ preventScroll: true });
  }
};

export const openDialog = () => document.querySelector("dialog[open]");

// Whoever on the page knows what was scanned takes it; else it is searched for.
export const deliverScan = (text) => {
  const event = new CustomEvent("instore:scanned", { detail: text, cancelable: true });
  const { home } = document.body.dataset;
  if (document.dispatchEvent(event) && home) window.location.assign(`${home}?q=${encodeURIComponent(text)}`);
};
