import { readFileSync } from "node:fs";
import {
  NoteError,
  type Policy,
  parseVerifierKey,
  satisfies,
  type Verification,
  type VerifierKey,
  verifyLive,
} from "../audit/index.ts";
import {
  checkpointNow,
  compareWithKept,
  Faulty,
  type FileVerdict,
  logHead,
  signingKeysOf,
  trustedLog,
  Unreadable,
  verifyFile,
} from "../evidence/index.ts";
import { openForReading, Reader } from "../storage/index.ts";
import { type Folder, requireDatabase, withFolder } from "./folder.ts";
import { CommandFailed, print, printJson, UsageError } from "./output.ts";
import { type CommonOptions, settingsOf } from "./settings.ts";
import { readPolicy } from "./trust-file.ts";

interface VerifyOptions extends CommonOptions {
  readonly key?: string;
  readonly checkpoint?: readonly string[];
  readonly policy?: string;
}

/** `pausepoint audit verify`: a file offline, or the live log against its tables and what was kept elsewhere. */
export async function verify(file: string | undefined, options: VerifyOptions): Promise<void> {
  if (file !== undefined) {
    verifyOffline(file, options);
    return;
  }
  const config = await settingsOf(options);
  requireDatabase(config);
  const connection = openForReading(config.dataDir);
  try {
    const verification = verifyLive(connection);
    const unknown: string[] = [];
    const isAgainst = options.key !== undefined || options.checkpoint !== undefined;
    const reader = new Reader(connection);
    const judged = isAgainst
      ? await withFolder(config, (folder) => againstKept(verification, { ...folder, reader }, options, unknown))
      : verification;
    report(judged, options, unknown);
  } finally {
    connection.close();
  }
}

/** What the log is held against beside its own tables: a pinned key, and checkpoints that were kept elsewhere. */
async function againstKept(
  verification: Verification,
  { reader, writer, attestor }: Folder & { readonly reader: Reader },
  { key, checkpoint = [] }: VerifyOptions,
  unknown: string[],
): Promise<Verification> {
  if (verification.fault !== null || (key === undefined && checkpoint.length === 0)) return verification;
  const head = logHead(await signingKeysOf(writer, attestor));
  let what: string | null;
  try {
    const trusted = trustedLog(head, { pinned: key === undefined ? null : pinnedKey(key), kept: [] });
    const notes =
      checkpoint.length > 0 ? checkpoint.map(textOf) : [(await checkpointNow(writer, attestor))?.note ?? ""];
    const compared = compareWithKept(reader, verification.lastSeq, trusted, notes);
    what = compared.what;
    unknown.push(...compared.unknown);
  } catch (error) {
    if (!(error instanceof Faulty)) throw error;
    what = error.message;
  }
  return what === null ? verification : { ...verification, fault: { seq: null, what } };
}

function verifyOffline(file: string, { key, checkpoint = [], policy: trustFile, json }: VerifyOptions): void {
  const policy = trustFile === undefined ? null : readPolicy(trustFile);
  const pinned = key === undefined ? (policy?.logs[0]?.key ?? null) : pinnedKey(key);
  const trust = { pinned, kept: checkpoint.map(textOf) };
  let verdict: FileVerdict;
  try {
    verdict = verifyFile(file, trust);
  } catch (error) {
    if (error instanceof Unreadable) throw new UsageError(`The file can't be verified: ${error.message}.`);
    if ((error as { code?: string }).code === undefined) throw error;
    throw new UsageError(`The file ${file} can't be read (${(error as { code?: string }).code}).`);
  }
  const { fault, entries, origin, isPinned, disclosures, unknown, firstSeq, lastSeq } = verdict;
  const notes = [verdict.checkpoint?.note ?? "", ...trust.kept];
  const witnessed = policy === null || fault !== null ? null : witnessedBy(policy, notes, pinned);
  if (json === true) {
    printJson({
      valid: fault === null && witnessed?.satisfied !== false,
      file: verdict.file,
      origin,
      key_pinned: isPinned,
      entries,
      first_seq: firstSeq,
      last_seq: lastSeq,
      disclosures,
      checkpoint: verdict.checkpoint,
      ...(witnessed === null ? {} : { witnessed }),
      fault,
      not_shown: unknown,
    });
  }
  if (fault !== null) {
    const where = fault.line > 0 ? `, in line ${fault.line}` : "";
    throw new CommandFailed(`The ${verdict.file} is not valid (${fault.kind}${where}): ${fault.what}.`);
  }
  if (witnessed !== null && !witnessed.satisfied)
    throw new CommandFailed(`The ${verdict.file} holds, but not by the trust file: ${witnessed.why}`);
  if (json === true) return;
  const span = firstSeq === null ? "no entries" : `${entries} entries, ${firstSeq} to ${lastSeq}`;
  const head = verdict.checkpoint;
  print(
    `${isPinned ? "Valid" : "Consistent; key not pinned"}: ${span}, and ${disclosures} disclosed values, of the log ${origin}.\n` +
      `checkpoint ${head?.size} ${head?.root}`,
  );
  if (witnessed !== null)
    print(
      `Up to entry ${witnessed.size} the trust file is satisfied, cosigned by ${witnessed.by.join(", ") || "nobody"}.`,
    );
  for (const what of unknown) print(`Not shown: ${what}.`);
}

/** Of the checkpoints at hand, the largest that the trust file is satisfied by. */
function witnessedBy(policy: Policy, notes: readonly string[], pinned: VerifierKey | null) {
  const verdicts = notes.map((note) => satisfies(policy, note, pinned === null ? [] : [pinned]));
  const [best] = verdicts
    .filter(({ satisfied }) => satisfied)
    .sort((a, b) => (b.checkpoint?.size ?? 0) - (a.checkpoint?.size ?? 0));
  const by = (best?.cosigners ?? []).map(({ name }) => name);
  const why = best === undefined ? (verdicts[0]?.why ?? "there is no checkpoint.") : null;
  return { satisfied: best !== undefined, size: best?.checkpoint?.size ?? null, by, why };
}

function pinnedKey(text: string): VerifierKey {
  try {
    return parseVerifierKey(text.trim());
  } catch (error) {
    if (error instanceof NoteError) throw new UsageError(`--key is no verifier key: ${error.message}.`);
    throw error;
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`The checkpoint ${file} can't be read (${(error as { code?: string }).code}).`);
  }
}

function report(
  verification: Verification,
  { json, key, checkpoint = [] }: VerifyOptions,
  unknown: readonly string[],
): void {
  const { entries, firstSeq, pauses, pausesInPart, checkpoints, receipts } = verification;
  const { erasedDisclosures, headHash, root, fault } = verification;
  if (json === true) {
    const shown = {
      entries,
      first_seq: firstSeq,
      pauses,
      pauses_in_part: pausesInPart,
      checkpoints,
      receipts,
      erased_disclosures: erasedDisclosures,
      head: headHash,
      root,
    };
    printJson({ valid: fault === null, ...shown, fault, not_shown: unknown });
  }
  if (fault !== null) {
    const where = fault.seq === null ? "in the tables" : `at entry ${fault.seq}`;
    throw new CommandFailed(`The log is not valid. First fault, ${where}: ${fault.what}`);
  }
  if (json === true) return;
  const against = [
    key === undefined ? "no signing key is pinned" : "the pinned key has signed",
    ...(checkpoint.length <= unknown.length ? [] : ["it goes on from what was kept elsewhere"]),
  ].join(", ");
  print(`Consistent: ${entries} entries and ${pauses} pauses agree; ${against}.`);
  print(`${checkpoints} checkpoints and ${receipts} receipts are genuine.`);
  if (firstSeq > 1) print(`The log begins with entry ${firstSeq}; what stood before was pruned.`);
  if (pausesInPart > 0) print(`Of ${pausesInPart} more pauses the question was pruned: what is left of them agrees.`);
  for (const what of unknown) print(`Not shown: ${what}.`);
  if (erasedDisclosures > 0) print(`${erasedDisclosures} disclosures have been erased.`);
  print(`head ${headHash}\nroot ${root}`);
}
