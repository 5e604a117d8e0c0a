/** Reads hostile text back from its HTML: marks become their characters again, references what they stand for. */
export function decodeMarks(html: string): string {
  const references: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'", "#13": "\r" };
  return html
    .split(/(<span class="mark"[^>]*>[^<]*<\/span>)/)
    .map((part) => {
      const mark = /^<span[^>]*>U\+([0-9A-F]+)(?: ×(\d+))?<\/span>$/.exec(part);
      if (mark) return String.fromCodePoint(Number.parseInt(mark[1]!, 16)).repeat(Number(mark[2] ?? "1"));
      return part.replace(/&([a-z0-9#]+);/g, (_, name: string) => references[name]!);
    })
    .join("");
}
