/** Writes the hook into a host's settings, takes it out again, and tries out what is installed. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { hookDeadlineMs } from "./deadline.ts";
import type { HostName } from "./event.ts";
import { type Command, type Json, type Place, type Scope, SettingsError, setups } from "./settings.ts";

export interface Change {
  readonly file: string;
  /** What stood there, or null where there was no file. */
  readonly before: string | null;
  /** What will stand there, or null where the file goes. */
  readonly after: string | null;
}

/** The change that installs. @throws SettingsError */
export function installing(command: Command, scope: Scope, place: Place): Change {
  const { file, before, settings } = read(command.host, scope, place);
  return { file, before, after: textOf(setups[command.host].add(settings, command)) };
}

/** The change that takes the hook away, and leaves everything else as it is. @throws SettingsError */
export function uninstalling(host: HostName, scope: Scope, place: Place): Change {
  const { file, before, settings } = read(host, scope, place);
  if (before === null || setups[host].found(settings).length === 0) return { file, before, after: before };
  const { version: _, ...rest } = setups[host].remove(settings);
  return { file, before, after: Object.keys(rest).length === 0 ? null : textOf(setups[host].remove(settings)) };
}

/** Puts a change on disk in one step: a host that reads meanwhile sees the old file or the new one. */
export function apply({ file, before, after }: Change): void {
  if (before === after) return;
  // A link, such as dotfiles often are, stays one.
  const target = existsSync(file) && lstatSync(file).isSymbolicLink() ? realpathSync(file) : file;
  if (after === null) {
    rmSync(target);
    return;
  }
  mkdirSync(dirname(target), { recursive: true });
  const mode = existsSync(target) ? lstatSync(target).mode & 0o777 : 0o644;
  const made = `${target}.${process.pid}.new`;
  writeFileSync(made, after, { mode });
  renameSync(made, target);
}

/** What is wrong with what is installed; and what is there, to be tried out. @throws SettingsError */
export function installed(host: HostName, scope: Scope, place: Place, minutes: number) {
  const { file, before, settings } = read(host, scope, place);
  const found = before === null ? [] : setups[host].found(settings);
  const deadline = hookDeadlineMs(minutes) / 1000;
  const faults = found.flatMap(({ event, limitSeconds, failsClosed }) => {
    const isAsking = !["PostToolUse", "PostToolUseFailure", "PermissionDenied", "Stop"].includes(event);
    if (!isAsking) return [];
    return [
      ...(host !== "opencode" && (limitSeconds === null || limitSeconds < deadline + 30)
        ? [
            `${event}: the host's limit is ${limitSeconds ?? "its own"} s and the hook may take ${deadline} s; the host would let the call run`,
          ]
        : []),
      ...(failsClosed === false ? [`${event}: the switch that fails closed is missing`] : []),
    ];
  });
  return { file, found, faults };
}

function read(host: HostName, scope: Scope, place: Place): { file: string; before: string | null; settings: Json } {
  const file = setups[host].file(scope, place);
  const before = existsSync(file) ? readFileSync(file, "utf8") : null;
  if (host === "opencode") return { file, before, settings: { text: before ?? "" } };
  if (before === null || before.trim() === "") return { file, before, settings: {} };
  let settings: unknown;
  try {
    settings = JSON.parse(before);
  } catch {
    throw new SettingsError(
      `${file} is not plain JSON, so nothing was changed: put the hook in by hand (--dry-run shows it for an empty file), or mend the file`,
    );
  }
  if (typeof settings !== "object" || settings === null || Array.isArray(settings))
    throw new SettingsError(`${file} is no JSON object, so nothing was changed`);
  return { file, before, settings: settings as Json };
}

function textOf(settings: Json): string {
  return typeof settings.text === "string" ? settings.text : `${JSON.stringify(settings, null, 2)}\n`;
}
