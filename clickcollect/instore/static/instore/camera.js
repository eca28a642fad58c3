// The camera as a scanner, where the browser can read barcodes; elsewhere it says so.
import { deliverScan } from "./page_parts.js";

const dialog = () => document.getElementById("camera");
const showStatus = (sentence) => {
  document.getElementById("camera-status").textContent = sentence;
};
let stream = null;

const stop = () => {
  dialog().querySelector("video").hidden = true;
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
};

const readFrames = async (detector, video) => {
  while (stream) {
    const found = await detector.detect(video).catch(() => []);
    if (found.length) {
      dialog().close();
      return deliverScan(found[0].rawValue);
    }
    await new Promise((again) => setTimeout(again, 150));
  }
};

const start = async () => {
  const texts = dialog().dataset;
  dialog().showModal();
  if (!("BarcodeDetector" in window)) return showStatus(texts.cannot);
  showStatus(texts.wait);
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    return showStatus(texts.denied);
  }
  const video = dialog().querySelector("video");
  video.hidden = false;
  video.srcObject = stream;
  video.play().catch(() => {});
  showStatus(texts.hold);
  readFrames(new window.BarcodeDetector({ formats: ["code_128", "qr_code"] }), video);
};

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-camera]")) start();
  if (event.target.closest("[data-camera-close]")) dialog().close();
});
dialog()?.addEventListener("close", stop);
