import { z } from "zod";
import { BackupUnreadable } from "./unreadable.ts";

/** The format of archives that this program writes, and the newest that it reads. */
const FORMAT = 1;
const hex = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().nonnegative();

/** What an archive may hold beside its manifest, in this order. */
export const memberNames = ["pausepoint.db", "secret", "erasures.jsonl", "pausepoint.config.ts"] as const;
export type MemberName = (typeof memberNames)[number];

const member = z.strictObject({
  name: z.enum(memberNames),
  /** Bytes. */
  size: count,
  sha256: hex,
});

const manifest = z.strictObject({
  pausepoint_backup: z.literal(FORMAT),
  /** Of the program that made it. */
  version: z.string(),
  /** Of the database: its last migration. */
  schema: z.int().positive(),
  installation: z.string(),
  /** When the copy was taken, RFC 3339. */
  made_at: z.iso.datetime(),
  members: z.array(member),
  /** The end of the audit log in it. */
  log: z.strictObject({ seq: count, hash: hex, root: z.base64() }),
  /** How many pauses it holds, and how many of them are pending. */
  pauses: count,
  pending: count,
});

/** The first file of every archive: what it holds, and how to tell that it is whole. */
export type Manifest = Readonly<z.output<typeof manifest>>;
export type Member = Readonly<z.output<typeof member>>;

/** What this program is, and knows. */
export interface Own {
  readonly version: string;
  readonly schema: number;
}

/** @throws BackupUnreadable for what is no manifest, and for a backup of a newer program, naming both versions. */
export function readManifest(file: string, text: string, own: Own): Manifest {
  const value = parsed(text);
  refuseNewer(file, value, own);
  const checked = manifest.safeParse(value);
  const names = checked.data?.members.map(({ name }) => name) ?? [];
  if (!checked.success || !names.includes("pausepoint.db") || new Set(names).size !== names.length)
    throw new BackupUnreadable(`${file} is damaged: its manifest can't be read; take another backup`);
  return checked.data;
}

/** Only what every format has is looked at: the rest of a newer one may be unknown. */
function refuseNewer(file: string, value: unknown, own: Own): void {
  const head = z.object({ pausepoint_backup: z.number(), version: z.string(), schema: z.number() }).safeParse(value);
  if (!head.success) return;
  const { pausepoint_backup: format, version, schema } = head.data;
  if (format <= FORMAT && schema <= own.schema && Bun.semver.order(version, own.version) <= 0) return;
  throw new BackupUnreadable(
    `${file} was made by PausePoint ${version} (schema ${schema}), and this is ${own.version}, which knows schema ${own.schema}; install ${version} or later`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
