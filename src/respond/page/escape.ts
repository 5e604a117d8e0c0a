const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  // An HTML parser turns a raw carriage return into a line feed; the reference keeps it.
  "\r": "&#13;",
};

/** Text as HTML, safe between tags and inside a quoted attribute; the parser gives back the very same characters. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"'\r]/g, (character) => ESCAPES[character] ?? character);
}

/**
 * A wording as HTML: its own text escaped, each `{name}` replaced by `fragments[name]`, which is HTML already.
 * Throws when a fragment is missing, so that no braces reach a reader.
 */
export function fill(wording: string, fragments: Readonly<Record<string, string>>): string {
  return escapeHtml(wording).replace(/\{(\w+)\}/g, (_, name: string) => {
    const fragment = fragments[name];
    if (fragment === undefined) throw new Error(`the wording "${wording}" asks for {${name}}, which was not given`);
    return fragment;
  });
}
