// The result lies over everything: green leaves by itself, red stays until somebody presses a button.
const resultPage = () => document.getElementById("result");
const app = () => document.getElementById("app");
const skipLink = () => document.querySelector(".skip");
let timer = 0;

export const showResult = () => {
  const ok = document.getElementById("result-status").hasChildNodes();
  const bad = document.getElementById("result-alert").hasChildNodes();
  if (!ok && !bad) return;
  resultPage().classList.add("is-open", ok ? "result--ok" : "result--bad");
  resultPage().classList.remove(ok ? "result--bad" : "result--ok");
  app().inert = skipLink().inert = true;
  if (bad) app().setAttribute("aria-hidden", "true"); // the way out stands on the result, once
  resultPage().querySelector("[data-focus]")?.focus();
  beep(ok);
  startReturnCountdown();
};

export const closeResult = () => {
  if (!resultPage()?.classList.contains("is-open")) return;
  clearInterval(timer);
  resultPage().classList.remove("is-open", "result--ok", "result--bad");
  document.getElementById("result-status").replaceChildren();
  document.getElementById("result-actions").replaceChildren();
  const emptyAlert = document.createElement("div");
  emptyAlert.id = "result-alert";
  emptyAlert.className = "result-body";
  document.getElementById("result-alert").replaceWith(emptyAlert);
  app().inert = skipLink().inert = false;
  app().removeAttribute("aria-hidden");
  (document.getElementById("main-button") ?? document.querySelector(".back")).focus();
};

const startReturnCountdown = () => {
  const line = resultPage().querySelector("[data-leave]");
  if (!line) return;
  let left = Number(line.dataset.leave);
  const pattern = line.dataset.leaveWords;
  clearInterval(timer);
  timer = setInterval(() => {
    left -= 1;
    line.textContent = pattern.replace("{n}", left);
    if (left <= 0) window.location.assign(document.body.dataset.home);
  }, 1000);
};

// Two notes for the ears of whoever looks at the shelf; a device without sound says it in words anyway.
const beep = (ok) => {
  if (!window.AudioContext) return;
  const context = new AudioContext();
  if (context.state !== "running") return void context.close();
  const tone = context.createOscillator();
  const volume = context.createGain();
  tone.frequency.value = ok ? 880 : 196;
  volume.gain.value = 0.05;
  tone.connect(volume).connect(context.destination);
  tone.start();
  tone.stop(context.currentTime + (ok ? 0.12 : 0.4));
  tone.onended = () => context.close();
};
