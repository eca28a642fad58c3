// The menu of rarer commands: it opens on its first button, and closes without a trace.
const menu = () => document.getElementById("more");
const button = () => document.getElementById("more-button");

export const isMenuOpen = () => Boolean(menu() && !menu().hidden);
const show = (open) => {
  menu().hidden = !open;
  button().setAttribute("aria-expanded", String(open));
};
export const closeMenu = () => {
  if (isMenuOpen()) show(false);
};
export const toggleMenu = () => {
  show(menu().hidden);
  if (isMenuOpen()) menu().querySelector("button").focus();
};
export const leaveMenu = () => {
  closeMenu();
  button().focus();
};
