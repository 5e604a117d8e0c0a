/** Files of the repository that the pages of docs/ show or lead to: part of the executable, as the pages are. */
import reader from "../../../clients/verify/pausepoint_verify.py" with { type: "text" };
import consolePause from "../../../docs/images/console-pause.png" with { type: "file" };
import consoleWaiting from "../../../docs/images/console-waiting.png" with { type: "file" };
import manual from "../../../pausepoint.config.ts" with { type: "text" };
import { markdownOf } from "./pages.ts";

/** A file by its name in the address, and where the pages of the repository find it. */
interface ServedFile {
  readonly from: string;
  readonly type: string;
  read(): Promise<string | Uint8Array>;
}

const image = (from: string, path: string): ServedFile => ({
  from,
  type: "image/png",
  read: () => Bun.file(path).bytes(),
});
const text = (from: string, held: unknown): ServedFile => ({
  from,
  type: "text/plain; charset=utf-8",
  read: async () => String(held),
});

const files: ReadonlyMap<string, ServedFile> = new Map([
  ["console-pause.png", image("images/console-pause.png", consolePause)],
  ["console-waiting.png", image("images/console-waiting.png", consoleWaiting)],
  ["pausepoint.config.ts", text("../pausepoint.config.ts", manual)],
  ["pausepoint_verify.py", text("../clients/verify/pausepoint_verify.py", reader)],
]);

export function fileNamed(name: string): ServedFile | null {
  return files.get(name) ?? null;
}

/** Where a link of the repository's pages leads on this server; null for what is not served. */
export function addressOf(href: string): string | null {
  if (/^(https?:|#|\/)/.test(href)) return href;
  const [, page = "", fragment = ""] = /^(?:\.\/)?([a-z-]+)\.md(#.*)?$/.exec(href) ?? [];
  if (markdownOf(page) !== null) return `/docs/${page}${fragment}`;
  const [name] = [...files].find(([, { from }]) => from === href) ?? [];
  return name === undefined ? null : `/docs/files/${name}`;
}

/**
 * A page's Markdown as it is served: its links to other pages are as they stand, those to files lead to where these are
 * served, and of links to what is not served the words are left.
 */
export function servedMarkdown(markdown: string): string {
  const fences = /(^```[\s\S]*?^```)/m;
  return markdown
    .split(fences)
    .map((part, index) => (index % 2 === 1 ? part : part.replaceAll(LINK, leading)))
    .join("");
}

/** `[words](target)`, and an image. */
const LINK = /(!?)(\[[^\]]*\])\(([^)\s]+)\)/g;

function leading(whole: string, mark: string, words: string, href: string): string {
  const address = addressOf(href);
  if (address === null) return words.slice(1, -1);
  return address.startsWith("/docs/files/") ? `${mark}${words}(${address})` : whole;
}
