// OMS WEB's own few lines: dialogs, lists that answer at once, rows that can be added. No rules.
const slot = () => document.getElementById("dialog-slot");
let opener = null;

function openDialog(dialog) {
  opener = document.activeElement;
  dialog.removeAttribute("data-open");
  dialog.addEventListener("close", () => {
    slot()?.replaceChildren();
    if (opener?.isConnected) opener.focus();
  });
  dialog.showModal();
  dialog.querySelector("[data-first]")?.focus();
}

// What is wrong is said at its field, the first of which has the focus, until the field is corrected.
const clearFault = (sentence) => {
  const field = document.getElementById(sentence.dataset.of);
  field?.removeAttribute("aria-invalid");
  field?.setAttribute("aria-describedby", "verdict");
  sentence.remove();
};
function showFaults(dialog, verdict) {
  dialog.querySelectorAll("[data-of]").forEach(clearFault);
  const fields = [];
  const faults = [...(verdict?.querySelectorAll("[data-fault]") ?? [])];
  for (const fault of faults) {
    const field = dialog.querySelector("form").elements[fault.dataset.fault];
    if (!field?.id || field.matches(".ow-code")) continue;
    const sentence = Object.assign(document.createElement("p"), {
      className: "ow-fault",
      id: `${field.id}_error`,
      textContent: fault.textContent,
    });
    sentence.dataset.of = field.id;
    field.after(sentence);
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", sentence.id);
    fields.push(field);
  }
  if (fields.length && fields.length === faults.length) verdict.classList.add("ow-hidden"); // it is read out all the same
  fields[0]?.focus();
}
document.addEventListener("input", (event) => {
  const sentence = document.getElementById(`${event.target.id}_error`);
  if (sentence?.dataset.of) clearFault(sentence);
});
document.querySelector(".ow-form [aria-invalid=true]")?.focus();

// A refusal is an answer like any other: show it.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  const html = (xhr.getResponseHeader("Content-Type") || "").startsWith("text/html");
  if (xhr.status >= 400 && xhr.status < 500 && html) {
    if (xhr.getResponseHeader("HX-Retarget")) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    } else {
      window.location.reload();
    }
  }
});

document.addEventListener("htmx:afterSwap", () => {
  const dialog = slot()?.querySelector("dialog[data-open]");
  if (dialog) openDialog(dialog);
  const verdict = document.querySelector("dialog [role=alert]");
  if (slot()?.querySelector("dialog")) showFaults(slot(), verdict);
  const field = document.querySelector("dialog .ow-code");
  if (verdict && field) {
    field.focus();
    field.select();
  }
});

document.addEventListener("omsweb:close", () => {
  slot()?.querySelector("dialog")?.close();
});

// What could not be sent or answered is said where the answer would stand; what was typed stays.
function say(words) {
  const verdict = document.getElementById("verdict") || document.getElementById("result");
  if (!verdict) return;
  const note = document.createElement("p");
  note.className = "ow-verdict-bad";
  note.setAttribute("role", "alert");
  note.textContent = words;
  verdict.replaceChildren(note);
}
document.addEventListener("htmx:sendError", () => {
  say(document.body.dataset.offline || "There is no connection. Nothing was sent; try again.");
});
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 503) say(event.detail.xhr.responseText);
});

document.addEventListener("click", (event) => {
  const close = event.target.closest("dialog [data-close]");
  if (close) {
    event.preventDefault();
    close.closest("dialog").close();
    return;
  }
  const add = event.target.closest("[data-add-row]");
  if (add) {
    event.preventDefault();
    addRow(add.dataset.addRow);
  }
  const remove = event.target.closest("[data-remove-row]");
  if (remove) {
    event.preventDefault();
    remove.closest("[data-row]").remove();
  }
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    navigator.clipboard?.writeText(document.getElementById(copy.dataset.copy).textContent.trim());
    copy.setAttribute("data-copied", "");
  }
  for (const menu of document.querySelectorAll("details.ow-more[open]")) {
    if (!menu.contains(event.target) || event.target.closest(".ow-menu:not(.ow-menu-form)"))
      menu.removeAttribute("open");
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    for (const menu of document.querySelectorAll("details.ow-more[open]")) {
      menu.removeAttribute("open");
      menu.querySelector("summary").focus();
    }
  }
  if (event.key === " " && event.target.matches("a[role=button]")) {
    event.preventDefault();
    event.target.click();
  }
});

// Along the tabs by arrow keys, in the direction of the page.
document.addEventListener("keydown", (event) => {
  const tab = event.target.closest("[role=tab]");
  const steps = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!tab || !steps) return;
  event.preventDefault();
  const tabs = [...tab.parentElement.children];
  const step = document.dir === "rtl" ? -steps : steps;
  tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length].focus();
});
window.addEventListener("pageshow", () => {
  document.querySelector("[role=tab][aria-selected=true]")?.scrollIntoView({ block: "nearest", inline: "center" });
});

// Filters apply themselves: htmx fetches what they find. No list is kept in the browser (customers' names).
if (window.htmx) {
  window.htmx.config.historyCacheSize = 0;
  window.htmx.config.refreshOnHistoryMiss = true;
}
document.addEventListener("htmx:configRequest", (event) => {
  if (!event.target.matches("form[data-autosubmit]")) return;
  const { parameters } = event.detail; // empty fields do not clutter the address
  for (const [name, value] of Object.entries(parameters)) if (value === "") delete parameters[name];
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "found") return;
  document.getElementById("found-words").textContent = document.getElementById("found-count").textContent;
  document.querySelectorAll("form[data-ticks]").forEach(countTicks);
});
document.addEventListener("click", (event) => {
  const toggle = event.target.closest("[data-toggle]");
  if (toggle) toggle.setAttribute("aria-expanded", String(toggle.getAttribute("aria-expanded") === "false"));
});

// The device's own time zone stands at hand, right below the store's.
for (const select of document.querySelectorAll("select[data-device-zone]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const known = [...select.options].find((option) => option.value === zone);
  if (!known || known.selected) continue;
  const words = select.dataset.deviceZone.replace("%s", zone);
  select.options[0].after(new Option(words, zone));
  known.remove();
}

// What acts on ticked rows can be pressed when something is ticked.
function countTicks(form) {
  const boxes = [...form.querySelectorAll("input[type=checkbox][name=id]")];
  const ticked = boxes.filter((box) => box.checked).length;
  const found = form.querySelector("[data-tick-found]:checked");
  for (const button of form.querySelectorAll("[data-needs-tick]")) button.disabled = !ticked && !found;
  for (const words of form.querySelectorAll("[data-ticked]")) words.textContent = ticked || "";
  const all = form.querySelector("[data-tick-all]");
  if (all) {
    all.checked = ticked > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  }
}
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-ticks]");
  if (!form) return;
  if (event.target.matches("[data-tick-all]")) {
    for (const box of form.querySelectorAll("input[type=checkbox][name=id]")) box.checked = event.target.checked;
  }
  countTicks(form);
});
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-ticks]").forEach(countTicks));

// unfold looks for the text box that stands beside its own file fields; beside ours there is none.
document.addEventListener(
  "change",
  (event) => {
    if (event.target.matches("input[type=file]")) event.stopPropagation();
  },
  true,
);

// A second press while the first is under way sends nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.matches("[hx-post]")) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

function addRow(name) {
  const rows = document.getElementById(name);
  const template = document.getElementById(`${name}-template`);
  const next = Number(rows.dataset.next);
  rows.dataset.next = String(next + 1);
  const total = document.getElementById(`id_${name}-TOTAL_FORMS`); // Django counts the rows of a formset
  if (total) total.value = String(next + 1);
  const holder = document.createElement("template");
  holder.innerHTML = template.innerHTML.replaceAll("__n__", String(next));
  rows.append(holder.content);
  rows.lastElementChild.querySelector("input")?.focus();
}
