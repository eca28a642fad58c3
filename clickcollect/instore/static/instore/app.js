// Instore's scripts: each does one thing, none decides anything about a package.
import "./tabs.js";
import "./live.js";
import "./buttons.js";
import "./arrival.js";
import "./idle.js";
import "./kept.js";
import "./bulk.js";
import "./camera.js";
