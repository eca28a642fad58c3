// A scanner that types: it works on every page, wherever the focus is, as long as no field has it.
const FAST = 100; // milliseconds between two keys, a slow scanner's; nobody types four like that
let typed = "";
let last = 0;

// Whoever on the page knows what was scanned takes it; else it is searched for.
export const scanned = (text) => {
  const told = new CustomEvent("instore:scanned", { detail: text, cancelable: true });
  if (document.dispatchEvent(told)) {
    window.location.assign(`${document.body.dataset.home}?q=${encodeURIComponent(text)}`);
  }
};

const inField = (target) => target.matches?.("input, textarea, select, [contenteditable]");

document.addEventListener(
  "keydown",
  (event) => {
    if (inField(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    const now = event.timeStamp; // when the key went down, however busy the page was meanwhile
    if (now - last > FAST) typed = "";
    last = now;
    if (event.key === "Enter" && typed.length > 3) {
      event.preventDefault();
      event.stopPropagation();
      scanned(typed);
      typed = "";
    } else if (event.key.length === 1) {
      typed += event.key;
    } else if (event.key !== "Shift") {
      typed = "";
    }
  },
  true,
);
