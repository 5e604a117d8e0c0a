/** A bar chart as inline SVG: drawn here, with the colours of the page's own style, and a title on every bar. */
import { type Fragment, Html, html } from "./html.ts";

const WIDTH = 720;
const HEIGHT = 160;
/** Room above for the scale. */
const HEAD = 18;
/** Room below for the labels. */
const FOOT = 28;
const GAP = 0.2;
/** Labels that fit beside each other. */
const LABELS = 6;

/** One bar: its parts from below, each with the class that colours it, and what it says in words. */
export interface Bar {
  readonly label: string;
  readonly title: string;
  readonly parts: readonly { readonly of: string; readonly value: number }[];
}

/**
 * Bars of equal width over a common scale that begins at 0. It is left out for screen readers: the same numbers have to
 * stand in a table beside it.
 */
export function barChart(bars: readonly Bar[]): Html {
  const most = Math.max(1, ...bars.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0)));
  const step = WIDTH / Math.max(1, bars.length);
  const every = Math.ceil(bars.length / LABELS);
  const drawn = bars.map(({ label, title, parts }, index): Fragment => {
    let below = 0;
    const rects = parts.map(({ of, value }) => {
      const height = (value / most) * HEIGHT;
      below += height;
      const place = { x: round((index + GAP / 2) * step), y: round(HEIGHT - below), width: round((1 - GAP) * step) };
      return value === 0
        ? null
        : html`<rect class="${of}" x="${place.x}" y="${place.y}" width="${place.width}" height="${round(height)}"/>`;
    });
    const isLabelled = index % every === 0;
    const text = isLabelled
      ? html`<text x="${round((index + GAP / 2) * step)}" y="${HEIGHT + FOOT - 7}">${label}</text>`
      : null;
    // What the mouse meets is the whole column, so that a short bar is met, too.
    return html`<g><title>${title}</title><rect class="column" x="${round(index * step)}" y="0" width="${round(step)}" height="${HEIGHT}"/>${rects}${text}</g>`;
  });
  return html`<svg class="chart" viewBox="0 ${-HEAD} ${WIDTH} ${HEAD + HEIGHT + FOOT}" aria-hidden="true" focusable="false"><text class="scale" x="0" y="-3">${most}</text>${new Html(`<path d="M0 ${HEIGHT}.5H${WIDTH}"/>`)}${drawn}</svg>`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
