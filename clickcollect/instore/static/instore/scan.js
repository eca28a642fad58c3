// One reader of a scanner's keys, on every page, before any control sees a key.
// A scanner is a keyboard that is faster than a person. Its keys belong to the scan whatever has the focus: they
// press nothing, choose nothing and stay in no field. Enter, Tab or CR LF end it.
import { deliverScan } from "./page_parts.js";

const PAUSE = 100; // ms, the longest between two keys of one scan: a slow scanner's
const PERSON = 45; // ms a key, less than anybody needs. It counts in fields only: elsewhere nobody types
const QUIET = 500; // ms after a scan in which Enter, Tab and blank do nothing, on this page and on the next
const MODIFIERS = new Set(["Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock", "NumLock"]);
const MUTE = new Set(["Process", "Dead", "Unidentified"]);
const TEXT = "textarea, input:not([type=button], [type=submit], [type=reset], [type=checkbox], [type=radio])";
const PRESSED = "button, summary, select, input, [role=button]";
const SIGN_IN = "[type=password], [name=username], [name=login]";
const LABEL = /(?:^|\W)PK-\d+/i; // what a scanner reads in a field for a password; all else there is a secret

let run = null; // keys without a pause between them: {text, keys, first, last, fields, isSignIn}
let held = null; // a blank on a button, until it is known whether a scan follows
let quietUntil = 0; // until then Enter, Tab and blank are dead
let deadUntil = 0; // until then every key is dead: it is the rest of a scan
let isRest = false; // characters came after the end of a scan, without a pause
let altCode = ""; // the digits of a character that is sent as Alt and its number
const eaten = new Set(); // keys that are down and that nobody else has seen

const time = (event) => performance.timeOrigin + event.timeStamp; // when the key went down, however busy the page is
const swallow = (event) => {
  event.preventDefault();
  event.stopImmediatePropagation();
  if (event.type === "keydown") eaten.add(event.code);
};

// ---- What a key is --------------------------------------------------------------------------------
const isText = (target) => target.matches?.(TEXT);
const isEnd = ({ key, ctrlKey }) => key === "Enter" || key === "Tab" || (ctrlKey && /^[jm]$/i.test(key)); // ^J, ^M: LF, CR

// An input method keeps the character to itself, but not the place of its key.
const charByPlace = ({ code, shiftKey }) => {
  if (shiftKey && code.startsWith("Digit")) return "";
  return code === "Minus" ? "-" : (/^(?:Key|Digit|Numpad)(.)$/.exec(code)?.[1] ?? "");
};
const charOf = (event) => {
  if (MUTE.has(event.key)) return charByPlace(event);
  if (/^[A-Z][A-Za-z0-9]+$/.test(event.key)) return ""; // F8, ArrowLeft, Escape
  const isTyped = !event.ctrlKey && !event.altKey && !event.metaKey;
  return isTyped || event.getModifierState("AltGraph") ? event.key : "";
};

const isFast = (at) => run.keys > 1 && at - run.first <= PERSON * (run.keys - 1);
// As many digits as the code has, in its own field, are the code, however they came.
const isCode = ({ dataset }, text) => {
  const digits = text.replace(/[\s-]/g, "");
  return /^\p{Nd}+$/u.test(digits) && [...digits].length === Number(dataset.digits);
};

// ---- A blank on a button waits until it is no scan's ------------------------------------------------
const letGo = () => {
  clearTimeout(held?.timer);
  held = null;
};
const press = () => {
  const { target } = held;
  letGo();
  run = null; // it was a person's, and so is the key that follows
  if (target.matches("select")) target.showPicker();
  else target.click();
};

// ---- The run, and its end -----------------------------------------------------------------------------
const keep = () => sessionStorage.setItem("instore:quiet-until", quietUntil);
const recall = () => {
  const until = Number(sessionStorage.getItem("instore:quiet-until"));
  if (until < Date.now() + 2 * QUIET) deadUntil = quietUntil = until; // else the clock was set back
};

const add = (char, at, target) => {
  run ??= { text: "", keys: 0, first: at, last: at, fields: new Map() };
  run.text += char;
  run.keys += 1;
  run.last = at;
  if ("value" in target && !run.fields.has(target)) run.fields.set(target, target.value);
};

const takeOut = (fields) => {
  for (const [field, before] of fields) {
    if (field.value === before) continue;
    field.value = before;
    for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, { bubbles: true }));
  }
};

const finish = (at) => {
  const { text, fields } = run;
  run = null;
  quietUntil = at + QUIET;
  deadUntil = at + PAUSE;
  keep();
  takeOut(fields);
  if (text.trim().length > 1) deliverScan(text.trim());
};

const isDead = (event, at) => {
  if (at > deadUntil) return at < quietUntil && (isEnd(event) || event.key === " ");
  deadUntil = Math.max(deadUntil, at + PAUSE);
  if (isEnd(event) && isRest) quietUntil = at + QUIET;
  isRest = !isEnd(event);
  return true;
};

// What came fast into a field for a password or PIN, from a security key or a typing tool, never reaches an address.
const isSecret = () => [...run.fields.keys()].some(({ type }) => type === "password") && !LABEL.test(run.text);

// ---- Keys ---------------------------------------------------------------------------------------------
const onChar = (event, at, char) => {
  const { target } = event;
  add(char, at, target);
  if (isText(target)) return; // it is typed, and taken out again when it turns out to be a scan
  if (run.keys === 1 && char !== " ") return; // one letter does nothing
  if (run.keys === 1 && !target.matches?.(PRESSED)) return;
  if (run.keys === 1) held = { target, timer: setTimeout(press, PAUSE) };
  else letGo();
  swallow(event);
};

const onEnd = (event, at) => {
  const { target, key } = event;
  if (held) {
    press(); // the next key is there already
  } else if (isText(target) && (!isFast(at) || isCode(target, run.text))) {
    run = null;
  } else if (isSecret() && !run.isSignIn) {
    run = null;
  } else if (target.matches?.(SIGN_IN) && (key === "Tab" || run.isSignIn)) {
    run = null; // name, Tab, password, Enter: a badge, or a password manager
    if (key === "Tab") add("", at, target);
    if (key === "Tab") run.isSignIn = true;
  } else {
    swallow(event);
    finish(at);
  }
};

// No character: passed over. In a field it may be a person's, who has just typed.
const onOther = (event, at) => {
  const isScans = isText(event.target) ? run && at - run.first <= PERSON * run.keys : !held;
  if (!run && !MUTE.has(event.key)) return;
  if (!run && isText(event.target)) return;
  add("", at, event.target);
  if (isScans) swallow(event);
};

window.addEventListener(
  "keydown",
  (event) => {
    const at = time(event);
    if (event.repeat) {
      if (eaten.has(event.code) || event.key === "Enter") swallow(event); // held down, it presses nothing again
      return;
    }
    eaten.delete(event.code);
    if (run && at - run.last > PAUSE) run = null;
    if (MODIFIERS.has(event.key)) return void (run && add("", at, event.target));
    if (isDead(event, at)) return swallow(event);
    const isNumber = event.altKey && /^Numpad\d$/.test(event.code);
    if (isNumber) altCode += event.code.at(-1);
    const char = isNumber ? "" : charOf(event);
    if (char) onChar(event, at, char);
    else if (run && isEnd(event)) onEnd(event, at);
    else onOther(event, at);
  },
  true,
);

window.addEventListener(
  "keyup",
  (event) => {
    if (event.key === "Alt" && altCode) {
      const char = String.fromCharCode(altCode);
      if (/^[ -~]$/.test(char)) add(char, time(event), document.activeElement);
    }
    if (event.key === "Alt") altCode = "";
    if (eaten.delete(event.code)) swallow(event);
  },
  true,
);

// Whoever touches the screen is a person, and the scan is over.
window.addEventListener(
  "pointerdown",
  () => {
    quietUntil = 0;
    deadUntil = 0;
    keep();
  },
  true,
);

// A scan that the change of the page cuts in two is none: its rest is dead on the next one.
window.addEventListener("pagehide", () => {
  const now = performance.timeOrigin + performance.now();
  if ((run && now - run.last < PAUSE) || (isRest && now < deadUntil)) quietUntil = now + QUIET;
  keep();
});
window.addEventListener("pageshow", recall);
recall();
