// Improves the answer page; nothing depends on it. Comments stand on lines of their own: the server leaves them out.
(() => {
  const root = document.documentElement;
  const locale = root.lang;

  // Exact times in the reader's own zone, written like the server's.
  for (const time of document.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    const day = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short", calendar: "gregory" });
    const zone = new Intl.DateTimeFormat(locale, { timeZoneName: "long" })
      .formatToParts(at)
      .find((part) => part.type === "timeZoneName");
    time.textContent = `${day.format(at)}\n(${zone.value})`;
  }

  // The relative time goes on from the server's distance, so that a phone with a wrong clock shows the right one.
  const relative = document.querySelector("[data-ms]");
  const tell = () => {
    const ms = relative.dataset.ms - performance.now();
    const far = Math.abs(ms);
    const unit = far >= 16416e4 ? "day" : far >= 684e4 ? "hour" : far >= 54e3 ? "minute" : "second";
    const size = { day: 864e5, hour: 36e5, minute: 6e4, second: 1e3 }[unit];
    const past = ms <= 0 && unit === "second";
    const words = new Intl.RelativeTimeFormat(locale, { numeric: past ? "auto" : "always" });
    const text = words.format(past ? 0 : Math.sign(ms) * Math.floor(far / size + 0.1), unit);
    if (relative.textContent !== text) relative.textContent = text;
  };
  if (relative) setInterval(tell, 1e3);

  // A double tap submits once. The buttons are not disabled: a disabled button would not send its value.
  const form = document.querySelector("form");
  if (!form) return;
  const status = form.querySelector(".status");
  let again;
  const rest = (sending) => {
    clearTimeout(again);
    again = sending ? setTimeout(rest, 1e4) : 0;
    status.textContent = sending ? status.dataset.sending : "";
    for (const button of form.querySelectorAll("button")) {
      if (sending) button.setAttribute("aria-disabled", "true");
      else button.removeAttribute("aria-disabled");
    }
  };
  form.addEventListener("submit", (event) => {
    if (again) event.preventDefault();
    else rest(true);
  });
  // Back from the cache of the browser, or ten seconds without an answer: the person may try again.
  addEventListener("pageshow", (event) => event.persisted && rest(false));
})();
