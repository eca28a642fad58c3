// The preview follows the typing; the server does the counting.

const form = document.querySelector("form.write");
const show = (id, text) => {
  document.getElementById(id).textContent = text;
};
let waiting = 0;
let newest = 0;

const preview = async () => {
  const mine = ++newest;
  const answer = await fetch(form.dataset.preview, { method: "POST", body: new FormData(form) });
  if (!answer.ok || mine !== newest) return;
  const found = await answer.json();
  for (const key of ["segments", "encoding", "count"]) show(key, found[key]);
  show("preview", found.text);
  document
    .getElementById("problems")
    .replaceChildren(
      ...found.problems.map((words) => Object.assign(document.createElement("li"), { textContent: words })),
    );
};

form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => preview().catch(() => {}), 200);
});

for (const choice of document.querySelectorAll("form.choose select")) {
  choice.addEventListener("change", () => choice.form.requestSubmit());
}
