/** Somebody who has a keyboard and no mouse, in a page of a real browser: nothing here clicks, focuses or goes to an address. */
import type { Page } from "playwright-core";

/** Where the focus is. */
export interface Stop {
  /** Its place among everything of the page that can be used, in the order of the document; -1: nothing that can be. */
  readonly at: number;
  /** What it is called, for a message. */
  readonly name: string;
  readonly href: string | null;
  /** What is wrong with being there, or null. */
  readonly fault: string | null;
}

/**
 * Runs in the page. What can be used: links, buttons, fields and what can be scrolled, as far as somebody sees it. A stop
 * is sound when the ring of the focus can be seen, and the element with it.
 */
const LOOK = `(() => {
  const modal = document.querySelector("dialog[open]");
  const wanted = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const all = [...(modal ?? document).querySelectorAll(wanted)].filter(
    (each) => !each.disabled && each.checkVisibility({ visibilityProperty: true, opacityProperty: true }),
  );
  const focused = document.activeElement;
  const nameOf = (each) =>
    each.tagName.toLowerCase() + " " + (each.getAttribute("aria-label") ?? (each.labels?.[0]?.textContent || each.textContent).trim());
  const places = all.map((each) => {
    const box = each.getBoundingClientRect();
    const part = each.closest("nav, main, dialog, body").tagName;
    return { part, top: box.top + scrollY, bottom: box.bottom + scrollY, name: nameOf(each) };
  });
  if (focused === null || focused === document.body) return { stop: null, places };
  const style = getComputedStyle(focused);
  const box = focused.getBoundingClientRect();
  const clear = (color) => color === "transparent" || /, 0\\)$/.test(color);
  const faults = [
    [!focused.matches(":focus-visible"), "is focused without :focus-visible"],
    [style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2 || clear(style.outlineColor), "has no ring"],
    [box.width < 8 || box.height < 8, "is too small to be seen: " + box.width + " by " + box.height],
    [box.bottom <= 0 || box.top >= innerHeight || box.right <= 0 || box.left >= innerWidth, "is out of sight"],
  ];
  const fault = faults.find(([is]) => is)?.[1] ?? null;
  const covered = () => {
    const x = Math.min(Math.max((box.left + box.right) / 2, 1), innerWidth - 2);
    const y = Math.min(Math.max((Math.max(box.top, 0) + Math.min(box.bottom, innerHeight)) / 2, 1), innerHeight - 2);
    const seen = document.elementsFromPoint(x, y)[0];
    return seen !== undefined && !focused.contains(seen) && !seen.contains(focused) ? "is covered by " + nameOf(seen) : null;
  };
  return {
    stop: {
      at: all.indexOf(focused),
      name: nameOf(focused),
      href: focused.getAttribute("href"),
      fault: fault ?? covered(),
    },
    places,
  };
})()`;

interface Seen {
  readonly stop: Stop | null;
  readonly places: readonly { part: string; top: number; bottom: number; name: string }[];
}

/** More stops than any page has: whoever has not come round by then is trapped. */
const MOST_STOPS = 400;

export class Keyboard {
  constructor(readonly page: Page) {}

  look(): Promise<Seen> {
    return this.page.evaluate(LOOK) as Promise<Seen>;
  }

  /** Presses a key. @throws Error where the focus is then, and can't be seen there. */
  async press(key: string): Promise<Stop | null> {
    await this.page.keyboard.press(key);
    const { stop } = await this.look();
    if (stop?.fault) throw new Error(`${this.page.url()}, after ${key}: ${stop.name} ${stop.fault}`);
    return stop;
  }

  /**
   * Once round the page by Tab, or by Shift+Tab, from where a page begins.
   *
   * @returns what is wrong: something that can be used and was not reached, or not in its turn.
   */
  async walk(key: "Tab" | "Shift+Tab" = "Tab"): Promise<string[]> {
    const { places } = await this.look();
    const stops: Stop[] = [];
    for (;;) {
      const stop = await this.press(key);
      // Behind the last one stands the browser's own window: nothing of the page has the focus then.
      if (stop === null || stop.at === stops[0]?.at) break;
      stops.push(stop);
      if (stops.length > MOST_STOPS) return [`trapped at ${stop.name}`];
    }
    const order = key === "Tab" ? stops : stops.toReversed();
    const reached = new Set(order.map(({ at }) => at));
    const missed = places.flatMap(({ name }, at) => (reached.has(at) ? [] : [`${key} does not reach ${name}`]));
    const strange = order.flatMap(({ at, name }) => (at < 0 ? [`${key} stops at ${name}`] : []));
    const turns = order.flatMap(({ at, name }, index) =>
      index > 0 && at <= (order[index - 1]?.at ?? 0) ? [`${key} reaches ${name} out of its turn`] : [],
    );
    const jumps = places.flatMap((place, at) => {
      const before = places[at - 1];
      return before !== undefined && before.part === place.part && place.bottom <= before.top
        ? [`${place.name} stands above ${before.name}, which comes first`]
        : [];
    });
    return [...missed, ...strange, ...turns, ...jumps];
  }

  /** Goes on by Tab until something is focused. @throws Error when it never is. */
  async tabTo(isIt: (stop: Stop) => boolean, what: string): Promise<void> {
    const now = (await this.look()).stop;
    if (now !== null && isIt(now)) return;
    let rounds = 0;
    for (let stops = 0; stops < MOST_STOPS && rounds < 2; stops++) {
      const stop = await this.press("Tab");
      if (stop === null) rounds++;
      else if (isIt(stop)) return;
    }
    throw new Error(`${this.page.url()}: Tab does not reach ${what}`);
  }

  tabToLink(href: string): Promise<void> {
    return this.tabTo((stop) => stop.href === href, `the link to ${href}`);
  }

  /** By the end of what it is called. */
  tabToNamed(name: string): Promise<void> {
    return this.tabTo((stop) => stop.name.endsWith(name), name);
  }

  /** Presses a key that leads to another page, and waits until that is there. */
  async leaveBy(key: string): Promise<void> {
    const arrived = this.page.waitForEvent("load", { timeout: 15_000 });
    await this.page.keyboard.press(key);
    await arrived;
  }

  async follow(href: string): Promise<void> {
    await this.tabToLink(href);
    await this.leaveBy("Enter");
  }

  async fill(name: string, text: string): Promise<void> {
    await this.tabToNamed(name);
    await this.page.keyboard.type(text);
  }
}
