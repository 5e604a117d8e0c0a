/**
 * What hooks of one machine know of each other: which questions are open, and which answers were used. Small files, each
 * made in one step, so that two hooks at once can't both have one.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "./question.ts";

export interface HookState {
  /** True for the first who takes this answer, for ever false after that. @throws where it can't be written down */
  use(pauseId: string): boolean;
  /** Writes down that a question is open; answers what takes it away again. */
  open(session: string, call: string, pauseId: string): () => void;
  /** Questions that are open about that call, or in that whole session. */
  opened(session: string, call: string | null): readonly string[];
}

/** The server comes back to an ended question for a day: a mark that is this much older marks nothing any more. */
const USED_KEPT_MS = 7 * 86_400_000;

/** Kept in a folder of the user's own. */
export function stateIn(folder: string): HookState {
  const sessionFolder = (session: string) => join(folder, "open", sha256([session]));
  return {
    use(pauseId) {
      const used = join(folder, "used");
      mkdirSync(used, { recursive: true, mode: 0o700 });
      try {
        writeFileSync(join(used, sha256([pauseId])), "", { flag: "wx", mode: 0o600 });
        forgetOld(used);
        return true;
      } catch (error) {
        if ((error as { code?: string }).code === "EEXIST") return false;
        throw error;
      }
    },
    open(session, call, pauseId) {
      const file = join(sessionFolder(session), `${sha256([call])}.${pauseId}`);
      mkdirSync(sessionFolder(session), { recursive: true, mode: 0o700 });
      writeFileSync(file, pauseId, { mode: 0o600 });
      return () => rmSync(file, { force: true });
    },
    opened(session, call) {
      const found = sessionFolder(session);
      const begins = call === null ? "" : `${sha256([call])}.`;
      return namesIn(found)
        .filter((name) => name.startsWith(begins))
        .map((name) => readFileSync(join(found, name), "utf8"));
    },
  };
}

/** For a server, where one process sees all. */
export function stateInMemory(): HookState {
  const used = new Set<string>();
  const open = new Map<string, { readonly session: string; readonly call: string }>();
  return {
    use(pauseId) {
      if (used.has(pauseId)) return false;
      used.add(pauseId);
      return true;
    },
    open(session, call, pauseId) {
      open.set(pauseId, { session, call });
      return () => open.delete(pauseId);
    },
    opened: (session, call) =>
      [...open].filter(([, one]) => one.session === session && (call === null || one.call === call)).map(([id]) => id),
  };
}

/** Another hook may do the same at this moment. */
function forgetOld(folder: string): void {
  for (const name of namesIn(folder)) {
    const file = join(folder, name);
    const written = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - written > USED_KEPT_MS) rmSync(file, { force: true });
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return [];
    throw error;
  }
}
