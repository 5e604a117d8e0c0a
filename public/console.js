// The console works without this script. It keeps lists and times up to date, and gives the keyboard its short ways.
(() => {
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
  // Live: a stream says that there is news, and the page asks for itself anew and takes over the parts that differ.
  const said = main?.querySelector(".live");
  const say = (text) => {
    if (said && said.textContent !== text) said.textContent = text;
  };
  let source = null;
  let asking = false;
  let again = false;
  // What somebody is filling in stays as it is.
  const isFilledIn = (part) =>
    [...part.querySelectorAll("input:not([type=hidden]), select")].some(
      (field) => field === document.activeElement || field.value !== (field.defaultValue ?? field.value),
    );
  const nameOf = (element) => element.id || element.getAttribute("href") || element.getAttribute("aria-label");
  const takeOver = (part, next) => {
    if (part.innerHTML === next.innerHTML || isFilledIn(part)) return;
    const open = new Set([...part.querySelectorAll("details[open] > summary")].map((each) => each.textContent));
    const focused = part.contains(document.activeElement) ? nameOf(document.activeElement) : null;
    const left = part.querySelector(".scroll")?.scrollLeft ?? 0;
    part.innerHTML = next.innerHTML;
    for (const each of part.querySelectorAll("summary")) each.parentElement.open = open.has(each.textContent);
    if (part.querySelector(".scroll")) part.querySelector(".scroll").scrollLeft = left;
    if (focused)
      ([...part.querySelectorAll("a, button")].find((each) => nameOf(each) === focused) ?? main).focus({
        preventScroll: true,
      });
  };
  const refresh = async () => {
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    try {
      const answer = await fetch(location.href, { headers: { "x-console-by-itself": "1" } });
      if (answer.redirected || !answer.ok) throw new Error("not the page");
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
      for (const part of main.querySelectorAll("[data-part]")) {
        const next = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
        if (next) takeOver(part, next);
      }
      tick();
      // Told to who does not see it, and only where the count differs: a status is read out when its words change.
      const list = main.querySelector("[data-part=list]");
      if (list) say(`Live: ${list.querySelectorAll("[data-row]").length} in the list`);
    } catch {
      say("Not live: load the page again.");
    }
    asking = false;
    if (again) {
      again = false;
      void refresh();
    }
  };
  const listen = () => {
    if (source || document.hidden) return;
    source = new EventSource(main.dataset.live);
    source.addEventListener("open", () => say("Live"));
    source.addEventListener("changed", (event) => {
      const next = new URL(main.dataset.live, location.href);
      next.searchParams.set("known", event.data);
      main.dataset.live = next.pathname + next.search;
      void refresh();
    });
    source.addEventListener("over", () => {
      source.close();
      say("Not live: you are signed out.");
    });
    source.addEventListener("error", () => {
      say(source.readyState === 2 ? "Not live: you are signed out, or the server is gone." : "Not live: trying again.");
    });
  };
  if (main?.dataset.live && "EventSource" in window) {
    listen();
    // A browser has few connections for one server: a page that nobody sees holds none.
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) return listen();
      source?.close();
      source = null;
    });
  }
  if (main) setInterval(tick, 1000);

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
