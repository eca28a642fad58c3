// The preview follows the typing; the server does the counting. Whoever leaves with an unsaved text is asked.

const form = document.getElementById("write");
const text = document.getElementById("text");
const showButton = document.querySelector("button[value='show']");
let isMeant = false; // a button of this page was pressed: the server keeps the text, or was told to drop it
const show = (id, text) => {
  document.getElementById(id).textContent = text;
};
let waiting = 0;
let asking = new AbortController();

// Only the newest question counts, and none once the form is on its way: an answer that comes between may bring a new
// cookie, which the form does not know.
const stopAsking = () => {
  clearTimeout(waiting);
  asking.abort();
  asking = new AbortController();
};

const preview = async () => {
  const { signal } = asking;
  const answer = await fetch(form.dataset.preview, { method: "POST", body: new FormData(form), signal });
  if (!answer.ok) return;
  const found = await answer.json();
  for (const key of ["segments", "encoding", "count"]) show(key, found[key]);
  show("preview", found.text);
  document
    .getElementById("problems")
    .replaceChildren(
      ...found.problems.map((words) => Object.assign(document.createElement("li"), { textContent: words })),
    );
};

text.addEventListener("input", () => {
  stopAsking();
  waiting = setTimeout(() => preview().catch(() => {}), 200);
});

for (const choice of document.querySelectorAll(".choose select")) {
  choice.addEventListener("change", () => form.requestSubmit(showButton));
}

form.addEventListener("submit", () => {
  isMeant = true;
  stopAsking();
});
document.querySelector("[data-discard]")?.addEventListener("click", () => {
  isMeant = true;
});
window.addEventListener("pageshow", () => {
  isMeant = false;
});
window.addEventListener("beforeunload", (event) => {
  const isUnsaved = "unsaved" in form.dataset || text.value !== text.defaultValue;
  if (isUnsaved && !isMeant) event.preventDefault();
});
