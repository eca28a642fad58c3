// A form whose answer was "not now" goes out once more: the browser still has what was entered.
document.querySelector("[data-again]").addEventListener("click", () => window.location.reload());
