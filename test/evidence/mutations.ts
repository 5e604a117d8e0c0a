/**
 * Ways to falsify an export, as someone would who can write the file but has not the log's key. Each draws its place from
 * `pick`, so that a seed replays it. Null: this export has no place for it.
 */
import { createHash } from "node:crypto";
import canonicalize from "canonicalize";

export type Pick = (below: number) => number;

/** A generator of whole numbers from a seed (mulberry32), so that a failure can be played again. */
export function picker(seed: number): Pick {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

export interface Mutation {
  readonly kind: string;
  /** What a verifier may say of it. Several where the same file could have come about in several ways. */
  readonly says: readonly string[];
  /** True where only a checkpoint kept elsewhere shows it. */
  readonly needsKept?: boolean;
  mutate(lines: readonly string[], pick: Pick, other: readonly string[]): string[] | null;
}

// biome-ignore lint/suspicious/noExplicitAny: a falsifier writes whatever it likes
type Line = any;

const read = (line: string | undefined): Line => JSON.parse(line ?? "null");
const write = (line: Line) => JSON.stringify(line);
const hashOf = ({ hash: _, ...entry }: Line) =>
  createHash("sha256")
    .update(canonicalize(entry) ?? "")
    .digest("hex");
/** The place of some entry: the first line is the head, the last the checkpoint. */
const entryAt = (lines: readonly string[], pick: Pick) => 1 + pick(lines.length - 2);

/** The entry with something else in it. */
function edited(line: Line, pick: Pick): Line {
  const { entry } = line;
  const changes: (() => Line)[] = [
    () => ({ ...entry, at: new Date(Date.parse(entry.at) + 1).toISOString() }),
    () => ({ ...entry, type: entry.type === "pause.opened" ? "pause.sent" : "pause.opened" }),
    () => ({ ...entry, actor: { ...entry.actor, id: `${entry.actor.id}x` } }),
    () => ({ ...entry, project: entry.project === null ? "default" : null }),
    () => ({ ...entry, nonce: `${entry.nonce.slice(0, -1)}${entry.nonce.endsWith("A") ? "B" : "A"}` }),
    () => ({ ...entry, data: { ...entry.data, choice: "Approve it" } }),
    () => ({ ...entry, data: { ...entry.data, message: { commitment: "A".repeat(43) } } }),
    () => ({ ...entry, prev_hash: "f".repeat(64) }),
  ];
  return { ...line, entry: changes[pick(changes.length)]!() };
}

/** The lines from `from` on, linked and hashed anew, as if they had always been so. */
function hashedAnew(lines: readonly string[], from: number): string[] {
  const all = lines.map(read);
  for (let at = from; at < all.length - 1; at++) {
    const before = at === 1 ? read(lines[0]).prev_hash : all[at - 1].entry.hash;
    all[at].entry.prev_hash = before;
    all[at].entry.hash = hashOf(all[at].entry);
  }
  return all.map(write);
}

export const mutations: readonly Mutation[] = [
  {
    kind: "edit an entry",
    says: ["edited"],
    mutate(lines, pick) {
      const at = entryAt(lines, pick);
      return lines.with(at, write(edited(read(lines[at]), pick)));
    },
  },
  {
    kind: "edit an entry and its own hash",
    says: ["edited", "rewritten", "proof", "commitment"],
    mutate(lines, pick) {
      const at = entryAt(lines, pick);
      const line = edited(read(lines[at]), pick);
      return lines.with(at, write({ ...line, entry: { ...line.entry, hash: hashOf(line.entry) } }));
    },
  },
  {
    kind: "edit an entry and hash all behind it anew",
    says: ["rewritten", "proof", "edited", "commitment"],
    mutate(lines, pick) {
      const at = entryAt(lines, pick);
      return hashedAnew(lines.with(at, write(edited(read(lines[at]), pick))), at);
    },
  },
  {
    kind: "flip a character of a hash",
    says: ["edited"],
    mutate(lines, pick) {
      const at = entryAt(lines, pick);
      const line = read(lines[at]);
      const place = pick(64);
      const digit = line.entry.hash[place] === "0" ? "1" : "0";
      const hash = `${line.entry.hash.slice(0, place)}${digit}${line.entry.hash.slice(place + 1)}`;
      return lines.with(at, write({ ...line, entry: { ...line.entry, hash } }));
    },
  },
  {
    kind: "delete an entry",
    says: ["removed", "cut"],
    mutate: (lines, pick) => lines.toSpliced(entryAt(lines, pick), 1),
  },
  {
    kind: "delete an entry and renumber",
    says: ["rewritten", "cut", "edited"],
    mutate(lines, pick) {
      const at = entryAt(lines, pick);
      const rest = lines.toSpliced(at, 1).map(read);
      for (let i = at; i < rest.length - 1; i++) rest[i].entry.seq--;
      return hashedAnew(rest.map(write), at);
    },
  },
  {
    kind: "insert an entry a second time",
    says: ["inserted"],
    mutate(lines, pick) {
      const at = entryAt(lines, pick);
      return lines.toSpliced(at + 1, 0, lines[at]!);
    },
  },
  {
    kind: "insert a forged entry",
    says: ["inserted", "edited", "proof", "commitment"],
    mutate(lines, pick) {
      const at = entryAt(lines, pick);
      const line = edited(read(lines[at]), pick);
      const forged = { ...line, entry: { ...line.entry, hash: hashOf(line.entry) } };
      return lines.toSpliced(at, 0, write(forged));
    },
  },
  {
    kind: "swap two entries",
    says: ["reordered"],
    mutate(lines, pick) {
      if (lines.length < 4) return null;
      const at = 1 + pick(lines.length - 3);
      const to = at + 1 + pick(lines.length - 2 - at);
      return lines.with(at, lines[to]!).with(to, lines[at]!);
    },
  },
  {
    kind: "cut off the end",
    says: ["cut"],
    mutate: (lines, pick) => lines.slice(0, 1 + pick(lines.length - 1)),
  },
  {
    kind: "cut off the end and keep the checkpoint",
    says: ["cut", "removed"],
    mutate: (lines, pick) => [...lines.slice(0, 1 + pick(lines.length - 2)), lines.at(-1)!],
  },
  {
    kind: "cut off the end and say so in the head",
    says: ["rewritten", "cut"],
    mutate(lines, pick) {
      const count = pick(lines.length - 2);
      const head = read(lines[0]);
      return [write({ ...head, last_seq: head.first_seq + count - 1 }), ...lines.slice(1, 1 + count), lines.at(-1)!];
    },
  },
  {
    kind: "replace the root in the checkpoint",
    says: ["signature"],
    mutate(lines) {
      const { checkpoint } = read(lines.at(-1));
      const parts = checkpoint.split("\n");
      parts[2] = Buffer.alloc(32, 7).toString("base64");
      return lines.with(-1, write({ checkpoint: parts.join("\n") }));
    },
  },
  {
    kind: "replace the signature in the checkpoint",
    says: ["signature"],
    mutate(lines, pick) {
      const { checkpoint } = read(lines.at(-1));
      const [before = "", encoded = ""] = checkpoint.trimEnd().split(/ (?=\S+$)/);
      const bytes = Buffer.from(encoded, "base64");
      const at = 4 + pick(64);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << pick(8));
      return lines.with(-1, write({ checkpoint: `${before} ${bytes.toString("base64")}\n` }));
    },
  },
  {
    kind: "drop the signature from the checkpoint",
    says: ["signature"],
    mutate(lines) {
      const { checkpoint } = read(lines.at(-1));
      return lines.with(-1, write({ checkpoint: checkpoint.slice(0, checkpoint.indexOf("\n\n") + 1) }));
    },
  },
  {
    kind: "take another log's checkpoint",
    says: ["spliced", "key", "cut", "rewritten"],
    mutate: (lines, _, other) => lines.with(-1, other.at(-1)!),
  },
  {
    kind: "take another log's entries from some place on",
    says: ["edited", "spliced", "rewritten", "cut", "proof", "inserted", "removed", "key"],
    mutate(lines, pick, other) {
      const at = 1 + pick(Math.min(lines.length, other.length) - 2);
      return [...lines.slice(0, at), ...other.slice(at, lines.length - 1), lines.at(-1)!];
    },
  },
  {
    kind: "alter a disclosed value",
    says: ["commitment"],
    mutate(lines, pick) {
      const places = lines.flatMap((line, at) => (Object.keys(read(line).disclosed ?? {}).length > 0 ? [at] : []));
      const at = places[pick(Math.max(1, places.length))];
      if (at === undefined) return null;
      const line = read(lines[at]);
      const names = Object.keys(line.disclosed);
      const name = names[pick(names.length)]!;
      const [salt, label] = JSON.parse(Buffer.from(line.disclosed[name], "base64url").toString()) as string[];
      const forged = Buffer.from(JSON.stringify([salt, label, "something else"])).toString("base64url");
      return lines.with(at, write({ ...line, disclosed: { ...line.disclosed, [name]: forged } }));
    },
  },
  {
    kind: "move a disclosed value to another member",
    says: ["commitment"],
    mutate(lines, pick) {
      const places = lines.flatMap((line, at) => (Object.keys(read(line).disclosed ?? {}).length > 0 ? [at] : []));
      const at = places[pick(Math.max(1, places.length))];
      if (at === undefined) return null;
      const line = read(lines[at]);
      const [[name, value]] = Object.entries(line.disclosed) as [[string, string]];
      const { [name]: _, ...rest } = line.disclosed;
      return lines.with(at, write({ ...line, disclosed: { ...rest, "/elsewhere": value } }));
    },
  },
  {
    kind: "go back to an older genuine export",
    says: ["cut"],
    needsKept: true,
    mutate: () => null,
  },
];
