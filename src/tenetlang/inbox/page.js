// Counts the time left down. Without it the page says the time that was left when it was made, and until when.
"use strict";
const began = Date.now();
const left = (seconds) => {
  if (seconds <= 0) return "over";
  const [d, h, m, s] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  if (d > 0) return `${d} d ${h} h`;
  if (h > 0) return `${h} h ${m} min`;
  return m > 0 ? `${m} min ${s} s` : `${s} s`;
};
const show = () => {
  const passed = Math.floor((Date.now() - began) / 1000);
  for (const each of document.querySelectorAll("[data-left]")) {
    const seconds = Number(each.dataset.left) - passed;
    each.textContent = left(seconds);
    each.classList.toggle("bad", seconds < 300);
  }
};
show();
setInterval(show, 1000);
