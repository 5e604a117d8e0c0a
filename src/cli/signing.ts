import type { Command } from "commander";
import { requestCheckpoint } from "../audit/index.ts";
import type { KeyPurpose, Tx, Work } from "../storage/index.ts";
import { type Folder, withFolder } from "./folder.ts";
import { print, printJson, UsageError } from "./output.ts";
import { type CommonOptions, settingsOf, withCommonOptions } from "./settings.ts";

const OPERATOR = { type: "operator", id: null } as const;
const PURPOSES: readonly KeyPurpose[] = ["log", "receipt-live", "receipt-test"];

/** `pausepoint keys rotate-signing`, also beside a running server, which signs with the new key from its next decision on. */
export function addRotateSigning(keys: Command): void {
  withCommonOptions(
    keys
      .command("rotate-signing")
      .description("put a new key in the place of one that signs; what the old one signed stays good")
      .option("--purpose <purpose>", `${PURPOSES.join(", ")} or all`, "all"),
  ).action(rotateSigning);
}

async function rotateSigning(options: CommonOptions & { readonly purpose: string }): Promise<void> {
  const { purpose, json = false } = options;
  const purposes = purpose === "all" ? PURPOSES : PURPOSES.filter((known) => known === purpose);
  if (purposes.length === 0) throw new UsageError(`--purpose must be ${PURPOSES.join(", ")} or all, not ${purpose}`);
  const config = await settingsOf(options);
  const rotated = await withFolder(config, (folder) => folder.writer.write((tx) => rotate(tx, folder, purposes)));
  if (json) printJson({ data: rotated.map(({ key, old, ...rest }) => ({ ...rest, key_id: key, old_key_id: old })) });
  else
    for (const { purpose: name, key, old } of rotated) print(`${name} is signed by ${key} now, which follows ${old}.`);
}

/** All of them in one unit, and a checkpoint over what it tells: the new key is proven as soon as it signs. */
function* rotate(
  tx: Tx,
  { attestor }: Folder,
  purposes: readonly KeyPurpose[],
): Work<{ purpose: KeyPurpose; key: string; old: string }[]> {
  const rotated: { purpose: KeyPurpose; key: string; old: string }[] = [];
  for (const purpose of purposes) {
    const { key, old } = yield* attestor.keys.rotate(tx, purpose, OPERATOR);
    rotated.push({ purpose, key: key.id, old: old.id });
  }
  yield* requestCheckpoint(tx, attestor);
  return rotated;
}
