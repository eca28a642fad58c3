// One request that counts once. The same Idempotency-Key goes again until there is an answer;
// a request that was never sent is not counted, and says so.
const PAUSES = [0, 500, 1500, 3000];
const AGAIN = new Set([502, 503, 504]);

let lostRequest = null; // the try whose answer was lost: {payload, key}

const newKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

const post = (url, body, key) =>
  fetch(url, {
    method: "POST",
    body,
    headers: {
      "HX-Request": "true",
      "HX-Current-URL": window.location.href,
      "X-CSRFToken": document.body.dataset.csrf,
      "Idempotency-Key": key,
    },
    signal: AbortSignal.timeout(15000),
  });

// After a sign-in in another tab this page's token is worth nothing. The same person goes on with a new one;
// for anybody else the page loads anew, in their name.
const renewToken = async () => {
  const page = await fetch(window.location.href).then(
    (answer) => answer.text(),
    () => "",
  );
  const { csrf, me } = new DOMParser().parseFromString(page, "text/html").body.dataset;
  if (!csrf || me !== document.body.dataset.me) return false;
  document.body.dataset.csrf = csrf;
  return true;
};

export const send = async (url, form) => {
  if (!navigator.onLine) return { lost: "offline" };
  const body = new URLSearchParams(form);
  const payload = `${url} ${body}`;
  const key = lostRequest?.payload === payload ? lostRequest.key : newKey();
  lostRequest = { payload, key };
  let lost = "answer";
  for (const ms of PAUSES) {
    await pause(ms);
    const response = await post(url, body, key).catch(() => null);
    lost = response?.status === 503 ? "away" : "answer";
    if (!response || AGAIN.has(response.status)) continue;
    const code = response.headers.get("X-Instore-Code");
    if (code === "idempotency_in_progress") continue;
    if (response.status === 403 && !code && (await renewToken())) continue;
    lostRequest = null;
    if (response.headers.get("HX-Redirect")) return { moved: response.headers.get("HX-Redirect") };
    if (response.status >= 500) return { lost: "broken" };
    if (!code) return { moved: window.location.href }; // signed out, or the page is too old
    return { code, html: await response.text() };
  }
  return { lost };
};
