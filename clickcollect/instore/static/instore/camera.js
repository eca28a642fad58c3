// The camera as a scanner, where the browser can read barcodes; elsewhere it says so.
import { scanned } from "./pieces.js";

const dialog = () => document.getElementById("camera");
const say = (words) => {
  document.getElementById("camera-said").textContent = words;
};
let stream = null;

const stop = () => {
  dialog().querySelector("video").hidden = true;
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
};

const look = async (detector, video) => {
  while (stream) {
    const found = await detector.detect(video).catch(() => []);
    if (found.length) {
      dialog().close();
      return scanned(found[0].rawValue);
    }
    await new Promise((again) => setTimeout(again, 150));
  }
};

const start = async () => {
  const words = dialog().dataset;
  dialog().showModal();
  if (!("BarcodeDetector" in window)) return say(words.cannot);
  say(words.wait);
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    return say(words.denied);
  }
  const video = dialog().querySelector("video");
  video.hidden = false;
  video.srcObject = stream;
  video.play().catch(() => {});
  say(words.hold);
  look(new window.BarcodeDetector({ formats: ["code_128", "qr_code"] }), video);
};

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-camera]")) start();
  if (event.target.closest("[data-camera-close]")) dialog().close();
});
dialog()?.addEventListener("close", stop);
