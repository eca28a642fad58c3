// Keeps the phone live: asks for what is new and changes only that, so that focus, selection and scroll stay.

const live = document.getElementById("live");
const liveWord = document.getElementById("live-word");
const said = document.getElementById("said");
const clock = document.getElementById("clock");
const chosen = new URLSearchParams(location.search).get("to") ?? "";
const title = document.title;
const time = new Intl.DateTimeFormat(document.documentElement.lang, {
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const day = new Intl.DateTimeFormat(document.documentElement.lang, {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const exact = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "full", timeStyle: "medium" });

// Times of the server become the reader's own.
const localise = (root) => {
  for (const element of root.querySelectorAll("time")) {
    const moment = new Date(element.dateTime);
    const today = moment.toDateString() === new Date().toDateString();
    element.textContent = (today ? time : day).format(moment);
    element.title = exact.format(moment);
  }
};

const enliven = (root) => {
  localise(root);
  for (const button of root.querySelectorAll("button.copy")) button.hidden = !navigator.clipboard;
};

const replaceNumbers = (fresh) => {
  const old = document.getElementById("numbers");
  const focused = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  enliven(fresh);
  old.replaceChildren(...fresh.childNodes);
  if (focused) [...old.querySelectorAll("a")].find((a) => a.getAttribute("href") === focused)?.focus();
};

const replaceThread = (fresh) => {
  const old = document.getElementById("thread");
  enliven(fresh);
  const list = old.querySelector("ol");
  const items = [...fresh.querySelectorAll("ol > li")];
  const first = items.find((item) => !document.getElementById(item.id));
  if (!list || !items.length) {
    old.replaceChildren(...fresh.childNodes);
    for (const item of items) item.classList.add("is-new");
  } else {
    const kept = new Set(items.map((item) => item.id));
    for (const item of [...list.children]) if (!kept.has(item.id)) item.remove();
    const top = list.firstElementChild;
    for (const item of items) {
      if (document.getElementById(item.id)) continue;
      item.classList.add("is-new");
      list.insertBefore(item, top);
    }
  }
  old.dataset.version = fresh.dataset.version;
  if (first) {
    said.textContent = `${said.dataset.words} ${first.dataset.number}`;
    if (document.hidden) document.title = `● ${title}`;
  }
};

const connected = (yes) => {
  const word = yes ? live.dataset.on : live.dataset.off;
  live.classList.toggle("is-on", yes);
  live.classList.toggle("is-off", !yes);
  if (liveWord.textContent !== word) liveWord.textContent = word;
};

const ask = async () => {
  const version = document.getElementById("thread").dataset.version;
  const address = `/phone/live/?${new URLSearchParams({ to: chosen, version })}`;
  try {
    const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(8000) });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    if (answer.status === 200) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      replaceNumbers(fresh.getElementById("numbers"));
      replaceThread(fresh.getElementById("thread"));
    }
    connected(true);
  } catch {
    connected(false);
  }
};

const tick = async () => {
  clock.textContent = time.format(new Date());
  await ask();
  setTimeout(tick, document.hidden ? 4000 : 1000);
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  const word = button.querySelector("span");
  button.dataset.word ??= word.textContent;
  const before = button.dataset.word;
  word.textContent = button.dataset.done;
  button.classList.add("is-done");
  button.querySelector("use").setAttribute("href", "#i-check");
  setTimeout(() => {
    word.textContent = before;
    button.classList.remove("is-done");
    button.querySelector("use").setAttribute("href", "#i-copy");
  }, 1600);
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) document.title = title;
});

enliven(document);
document.querySelector(".numbers [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
tick();
