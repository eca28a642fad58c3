// Put pieces of a page in the places of their ids, without stealing the focus.
export const put = (html) => {
  const template = document.createElement("template");
  template.innerHTML = html;
  const focused = document.activeElement?.id;
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
  if (focused && document.activeElement === document.body) {
    document.getElementById(focused)?.focus({ preventScroll: true });
  }
};

export const openDialog = () => document.querySelector("dialog[open]");

// Whoever on the page knows what was scanned takes it; else it is searched for.
export const scanned = (text) => {
  const told = new CustomEvent("instore:scanned", { detail: text, cancelable: true });
  const { home } = document.body.dataset;
  if (document.dispatchEvent(told) && home) window.location.assign(`${home}?q=${encodeURIComponent(text)}`);
};
