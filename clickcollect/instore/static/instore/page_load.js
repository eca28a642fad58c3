// What a page does when it is reached: an interrupted dialog is open again, a found package's next step has the focus.
import { showDialog } from "./dialogs.js";
import { dialogToReopen } from "./typed_text.js";

// Back after a lock or a new sign-in: the dialog that was open is open again.
const reopening = dialogToReopen();
const opener = reopening && document.querySelector(`[data-dialog="${reopening.dialog}"]`);
if (opener) {
  showDialog(opener);
  reopening.fill();
}

// Scanned or found: the next step has the focus, so that Enter is enough.
if (window.location.search === "?found") {
  window.history.replaceState(null, "", window.location.pathname);
  document.getElementById("main-button")?.focus();
}
