// A button that has to pause counts the seconds down before it can be pressed again.
export const startCountdowns = (container) => {
  for (const button of container.querySelectorAll("[data-wait]")) {
    const label = button.textContent;
    const until = Date.now() + Number(button.dataset.wait) * 1000;
    const pattern = button.dataset.waitWords;
    delete button.dataset.wait;
    const tick = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      button.textContent = left > 0 ? pattern.replace("{n}", left) : label;
      if (left > 0 && button.isConnected) setTimeout(tick, 500);
      else button.removeAttribute("aria-disabled");
    };
    tick();
  }
};
