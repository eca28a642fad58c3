// Instore's scripts: each does one thing, none decides anything about a package.
import "./tabs.js";
import "./live.js";
import "./buttons.js";
import "./page_load.js";
import "./idle.js";
import "./typed_text.js";
import "./bulk.js";
import "./camera.js";
