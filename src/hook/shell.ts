/**
 * Reads a command line as a POSIX shell would, as far as it has to be understood: which programs would run, with which
 * words, and what would be written to. It runs and expands nothing. What it can't follow is said to be unclear, and what
 * is unclear is for a person; so this reader may be simpler than a shell, but never more generous.
 */

/** One word after the shell's quoting is taken away. */
export interface Word {
  readonly text: string;
  /** False when the shell would put something in its place: a variable, a pattern, the output of a command. */
  readonly isFixed: boolean;
}

/** One program with its words, and what stands around them. */
export interface SimpleCommand {
  readonly assignments: readonly string[];
  readonly words: readonly Word[];
  /** Files that are written to. */
  readonly writes: readonly Word[];
  /** Whether another command's output, or a here-document, comes in on its standard input. */
  readonly isFed: boolean;
}

/** What a command line comes to. */
export interface ReadCommand {
  /** Every command in it, also those inside substitutions. */
  readonly commands: readonly SimpleCommand[];
  /** What can't be understood, in a few words; empty when all of it was. */
  readonly unclear: readonly string[];
}

const DEEPEST = 8;
/** What opens or goes on with a compound command, and may have a command right behind it. */
const OPENERS = new Set(["if", "then", "else", "elif", "while", "until", "do", "!", "{"]);
const CLOSERS = new Set(["fi", "done", "}"]);
const UNREAD = new Set(["case", "select", "function", "coproc", "[[", "esac"]);

/** Reads a command line. Never throws, and takes time in proportion to its length. */
export function readCommand(text: string, depth = 0): ReadCommand {
  const reader = new Reader(text, depth);
  reader.list(null);
  return reader.read;
}

class Reader {
  readonly #text: string;
  readonly #depth: number;
  #at = 0;
  readonly #commands: SimpleCommand[] = [];
  readonly #unclear = new Set<string>();
  #hereDocuments: { readonly end: string; readonly isQuoted: boolean; readonly strip: boolean }[] = [];

  constructor(text: string, depth: number) {
    this.#text = text;
    this.#depth = depth;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    if (/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]/.test(text)) this.#unclear.add("control characters");
    if (depth > DEEPEST) this.#unclear.add("commands nested too deeply");
  }

  get read(): ReadCommand {
    return { commands: this.#commands, unclear: [...this.#unclear] };
  }

  /** Commands up to the end of the text, or to a closing parenthesis. */
  list(end: ")" | null): void {
    let isFed = false;
    while (this.#depth <= DEEPEST) {
      this.#blanks();
      const next = this.#text[this.#at];
      if (next === undefined) {
        if (end !== null) this.#unclear.add("a parenthesis that is not closed");
        if (this.#hereDocuments.length > 0) this.#unclear.add("a here-document that does not end");
        return;
      }
      if (next === ")") {
        if (end === null) this.#unclear.add("a parenthesis that was not opened");
        this.#at++;
        if (end !== null) return;
        continue;
      }
      if (next === "\n") {
        this.#at++;
        this.#skipHereDocuments();
        isFed = false;
      } else if (next === "|") {
        const isOr = this.#text[this.#at + 1] === "|";
        this.#at += isOr || this.#text[this.#at + 1] === "&" ? 2 : 1;
        isFed = !isOr;
      } else if (next === "&" && this.#text[this.#at + 1] !== ">") {
        this.#at += this.#text[this.#at + 1] === "&" ? 2 : 1;
        isFed = false;
      } else if (next === ";") {
        this.#at++;
        isFed = false;
      } else if (next === "(") {
        if (this.#text[this.#at + 1] === "(") this.#unclear.add("arithmetic");
        this.#at++;
        this.list(")");
      } else this.#command(isFed);
    }
  }

  #command(isFed: boolean): void {
    const assignments: string[] = [];
    const words: Word[] = [];
    const writes: Word[] = [];
    let fed = isFed;
    for (;;) {
      this.#blanks();
      const here = this.#text.slice(this.#at, this.#at + 3);
      if (here === "" || /^[\n;|)]/.test(here) || /^&(?!>)/.test(here)) break;
      if (here.startsWith("(")) {
        // name() { … } defines a function, and an array or a pattern is no simple word either.
        this.#unclear.add("a function or an array");
        this.#at++;
        this.list(")");
        continue;
      }
      const redirect = /^(?:\d*|&)(?:>>|>\||<<<|<<-|<<|<>|<&|>&|<|>)/.exec(this.#text.slice(this.#at, this.#at + 12));
      if (redirect !== null && !/^[<>]\(/.test(here)) {
        fed = this.#redirect(redirect[0], writes) || fed;
        continue;
      }
      const start = this.#at;
      const word = this.#word();
      if (this.#at === start) {
        this.#unclear.add("something that is no word");
        this.#at++;
        continue;
      }
      const raw = this.#text.slice(start, this.#at);
      if (words.length === 0 && /^[A-Za-z_]\w*\+?=/.test(raw)) {
        assignments.push(raw.slice(0, raw.indexOf("=")).replace(/\+$/, ""));
        continue;
      }
      if (words.length === 0 && raw === word.text) {
        if (UNREAD.has(raw)) this.#unclear.add(`the keyword ${raw}`);
        if (OPENERS.has(raw) || CLOSERS.has(raw)) continue;
        if (raw === "for") {
          // The values of the loop are words like any other; the name behind `for` runs nothing.
          this.#loopHead();
          continue;
        }
      }
      words.push(word);
    }
    if (words.length > 0 || assignments.length > 0 || writes.length > 0)
      this.#commands.push({ assignments, words, writes, isFed: fed });
  }

  #loopHead(): void {
    for (;;) {
      this.#blanks();
      const next = this.#text[this.#at];
      if (next === undefined || next === ";" || next === "\n") return;
      const start = this.#at;
      this.#word();
      if (this.#at === start) {
        this.#unclear.add("a loop that can't be read");
        this.#at++;
      }
    }
  }

  /** Answers whether something is fed to the command. */
  #redirect(operator: string, writes: Word[]): boolean {
    this.#at += operator.length;
    this.#blanks();
    const start = this.#at;
    const word = this.#word();
    if (this.#at === start) {
      this.#unclear.add("a redirection without a target");
      return false;
    }
    const sign = operator.replace(/^[\d&]*/, "");
    if (sign === "<<" || sign === "<<-") {
      const raw = this.#text.slice(start, this.#at);
      this.#hereDocuments.push({ end: word.text, isQuoted: /['"\\]/.test(raw), strip: sign === "<<-" });
      return true;
    }
    if (sign === "<<<" || sign === "<") return true;
    const isDescriptor = sign.endsWith("&") && /^(\d+|-)$/.test(word.text);
    if (!isDescriptor && !(word.isFixed && word.text === "/dev/null")) writes.push(word);
    return false;
  }

  #skipHereDocuments(): void {
    for (const { end, isQuoted, strip } of this.#hereDocuments.splice(0)) {
      for (;;) {
        if (this.#at >= this.#text.length) {
          this.#unclear.add("a here-document that does not end");
          return;
        }
        const stop = this.#text.indexOf("\n", this.#at);
        const line = this.#text.slice(this.#at, stop < 0 ? undefined : stop);
        this.#at = stop < 0 ? this.#text.length : stop + 1;
        if ((strip ? line.replace(/^\t+/, "") : line) === end) {
          // What stands on the next line is a new command; inside $(…) the closing parenthesis may follow.
          break;
        }
        if (!isQuoted && /[`$\\]/.test(line)) this.#unclear.add("a here-document with something to expand");
      }
    }
  }

  #blanks(): void {
    for (;;) {
      const next = this.#text[this.#at];
      if (next === " " || next === "\t") this.#at++;
      else if (next === "\\" && this.#text[this.#at + 1] === "\n") this.#at += 2;
      else if (next === "#") {
        // Only here, where a word would begin, does it begin a comment.
        const stop = this.#text.indexOf("\n", this.#at);
        this.#at = stop < 0 ? this.#text.length : stop;
      } else return;
    }
  }

  #word(): Word {
    let text = "";
    let isFixed = true;
    for (;;) {
      const next = this.#text[this.#at];
      if (next === undefined || /[\s;|&()]/.test(next)) break;
      if ((next === "<" || next === ">") && this.#text[this.#at + 1] === "(") {
        this.#unclear.add("a process substitution");
        this.#at += 2;
        this.list(")");
        isFixed = false;
        continue;
      }
      if (next === "<" || next === ">") break;
      this.#at++;
      if (next === "\\") {
        const escaped = this.#text[this.#at];
        if (escaped === undefined) this.#unclear.add("a backslash at the end");
        else if (escaped !== "\n") text += escaped;
        this.#at++;
      } else if (next === "'") {
        const stop = this.#text.indexOf("'", this.#at);
        if (stop < 0) this.#unclear.add("a quote that is not closed");
        text += this.#text.slice(this.#at, stop < 0 ? undefined : stop);
        this.#at = stop < 0 ? this.#text.length : stop + 1;
      } else if (next === '"') {
        const inside = this.#doubleQuoted();
        text += inside.text;
        isFixed &&= inside.isFixed;
      } else if (next === "$" || next === "`") {
        const expanded = this.#expansion(next);
        text += expanded.text;
        isFixed &&= expanded.isFixed;
      } else {
        // Patterns, braces, a home folder, and zsh's =name: the shell may put other words in their place.
        if (/[*?[\]{}~^]/.test(next) || (next === "=" && text === "")) isFixed = false;
        text += next;
      }
    }
    // The program [ is no pattern.
    return { text, isFixed: isFixed || text === "[" };
  }

  #doubleQuoted(): Word {
    let text = "";
    let isFixed = true;
    for (;;) {
      const next = this.#text[this.#at++];
      if (next === undefined) {
        this.#unclear.add("a quote that is not closed");
        return { text, isFixed };
      }
      if (next === '"') return { text, isFixed };
      if (next === "\\" && /[$`"\\\n]/.test(this.#text[this.#at] ?? "")) {
        const escaped = this.#text[this.#at++] ?? "";
        if (escaped !== "\n") text += escaped;
      } else if (next === "$" && /['"]/.test(this.#text[this.#at] ?? "")) text += next;
      else if (next === "$" || next === "`") {
        const expanded = this.#expansion(next);
        text += expanded.text;
        isFixed &&= expanded.isFixed;
      } else text += next;
    }
  }

  /** Behind a `$` or a backtick. Commands inside are read along with the others. */
  #expansion(sign: "$" | "`"): Word {
    if (sign === "`") {
      const stop = this.#backtickEnd();
      const inside = this.#text.slice(this.#at, stop).replaceAll(/\\([`$\\])/g, "$1");
      if (stop >= this.#text.length) this.#unclear.add("a backtick that is not closed");
      this.#at = stop + 1;
      const read = readCommand(inside, this.#depth + 1);
      this.#commands.push(...read.commands);
      for (const one of read.unclear) this.#unclear.add(one);
      return { text: "`…`", isFixed: false };
    }
    const next = this.#text[this.#at] ?? "";
    if (next === "(") {
      if (this.#text[this.#at + 1] === "(") this.#unclear.add("arithmetic");
      this.#at++;
      const inner = new Reader(this.#text.slice(this.#at), this.#depth + 1);
      inner.list(")");
      this.#at += inner.#at;
      this.#commands.push(...inner.read.commands);
      for (const one of inner.read.unclear) this.#unclear.add(one);
      return { text: "$(…)", isFixed: false };
    }
    if (next === "{") {
      const plain = /^\{[A-Za-z_]\w*\}/.exec(this.#text.slice(this.#at, this.#at + 200));
      if (plain === null) this.#unclear.add("an expansion that can't be followed");
      this.#at += plain?.[0].length ?? 1;
      return { text: "$", isFixed: false };
    }
    if (next === "'" || next === '"' || next === "[") {
      this.#unclear.add("an expansion that can't be followed");
      return { text: "$", isFixed: false };
    }
    const name = /^(?:[A-Za-z_]\w*|[0-9?#@*!$-])/.exec(this.#text.slice(this.#at, this.#at + 200));
    this.#at += name?.[0].length ?? 0;
    return name === null ? { text: "$", isFixed: true } : { text: `$${name[0]}`, isFixed: false };
  }

  #backtickEnd(): number {
    for (let at = this.#at; at < this.#text.length; at++) {
      if (this.#text[at] === "\\") at++;
      else if (this.#text[at] === "`") return at;
    }
    return this.#text.length;
  }
}
