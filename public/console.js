// The console works without this script. It keeps lists and times up to date, and gives the keyboard its short ways.
(() => {
  const EVERY_MS = 5000;
  const main = document.querySelector("main");

  // The setup link carries its token behind the #, where no log of a proxy sees it.
  const setup = document.querySelector("#setup");
  if (setup && location.hash.length > 1) {
    setup.value = location.hash.slice(1);
    history.replaceState(null, "", location.pathname);
  }

  const units = [
    ["day", 86400000],
    ["hour", 3600000],
    ["minute", 60000],
    ["second", 1000],
  ];
  const words = new Intl.RelativeTimeFormat("en", { numeric: "always" });
  const tick = () => {
    for (const time of document.querySelectorAll("main time")) {
      const distance = Date.parse(time.dateTime) - Date.now();
      const [unit, size] = units.find(([, ms]) => Math.abs(distance) >= ms) ?? units[3];
      const said = words.format(Math.trunc(distance / size), unit);
      if (time.textContent !== said) time.textContent = said;
    }
  };
  const busy = () =>
    main.contains(document.activeElement) && document.activeElement.matches("input, textarea, select, button");
  const refresh = async () => {
    if (document.hidden || busy() || document.querySelector("dialog[open]")) return;
    const said = main.querySelector(".live");
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (answer.redirected || !answer.ok) throw new Error();
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
      for (const part of ["tbody", ".empty"]) {
        const [now, next] = [main.querySelector(part), fresh.querySelector(part)];
        if (!now !== !next) return location.reload();
        if (now && now.innerHTML !== next.innerHTML && !now.contains(document.activeElement)) now.replaceWith(next);
      }
      if (said.textContent) said.textContent = "";
    } catch {
      said.textContent = "Not live: the server can't be reached, or you are signed out.";
    }
  };
  if (main?.hasAttribute("data-live")) {
    setInterval(refresh, EVERY_MS);
    setInterval(tick, 1000);
  }

  const dialog = document.querySelector("dialog");
  const rows = () => [...document.querySelectorAll("[data-row]")];
  const step = (by) => {
    const all = rows();
    if (all.length === 0) return;
    const at = all.findIndex((row) => row.contains(document.activeElement));
    const row = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + by))];
    const target = row.querySelector("a, button") ?? row;
    if (target === row) row.tabIndex = -1;
    target.focus();
    row.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
    if (event.key === "/" && document.querySelector("#q")) document.querySelector("#q").focus();
    else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "?" && dialog) dialog.showModal();
    else return;
    event.preventDefault();
  });
})();
