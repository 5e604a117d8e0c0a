/** The rules of the permission hooks: whom to ask, how, how long, and which commands are settled without asking. */
import { z } from "zod";
import { timeLimit } from "./deadline.ts";

const pattern = z
  .string('must be text such as "git status" or "npm run *"')
  .min(1, "must not be empty")
  .max(500, "must have at most 500 characters")
  .refine((text) => text.trim() === text && !/\s\s|[\n\t]/.test(text), "must be words with one space between")
  .refine(
    (text) => !/[;&|<>`$()"'\\]/.test(text),
    "must be plain words: each command of a chain is looked at by itself",
  );
const patterns = z.array(pattern, "must be a list of patterns").max(500, "must hold at most 500 patterns");
const MINUTES = `must be a number of minutes from ${timeLimit.least} to ${timeLimit.mostHeld}`;
const minutes = z.number(MINUTES).min(timeLimit.least, MINUTES).max(timeLimit.mostHeld, MINUTES);

const RECIPIENTS = "must be a recipient such as @oncall, or a list of 1 to 10";
const recipient = z.string(RECIPIENTS).min(1, RECIPIENTS).max(320, RECIPIENTS);

/** What stands in the file. */
export const rulesSchema = z
  .strictObject(
    {
      to: z.union([recipient, z.array(recipient).min(1, RECIPIENTS).max(10, RECIPIENTS)], RECIPIENTS).optional(),
      channel: z
        .string("must be the name of a channel")
        .regex(/^[a-z][a-z0-9_-]{0,31}$/, "must be the name of a channel, such as sms")
        .optional(),
      minutes: minutes.optional(),
      deny: patterns.optional(),
      ask: patterns.optional(),
      allow: patterns.optional(),
      otherwise: z.enum(["pass", "ask"], 'must be "pass" or "ask"').optional(),
      held: z.boolean("must be true or false").optional(),
      url: z
        .url({ protocol: /^https?$/, error: "must be the server's address, such as https://approve.example.com" })
        .optional(),
      key_file: z.string("must be the path of a file").min(1).optional(),
    },
    "must be a JSON object",
  )
  .refine(({ minutes, held }) => held === true || minutes === undefined || minutes <= timeLimit.most, {
    path: ["minutes"],
    error: `must be at most ${timeLimit.most}, as a host waits no longer; with "held": true it may be up to ${timeLimit.mostHeld}`,
  });

type RulesFile = z.output<typeof rulesSchema>;

/** What is in force. */
export interface Rules {
  /** Where `to`, `channel` and so on stand, or would: the full path of the file that counts. */
  readonly file: string;
  readonly to: string | readonly string[] | null;
  readonly channel: string;
  /** How long a person has, in minutes. */
  readonly minutes: number;
  readonly deny: readonly string[];
  readonly ask: readonly string[];
  readonly allow: readonly string[];
  /** What becomes of what no rule names: left to the host, or asked. */
  readonly otherwise: "pass" | "ask";
  /** Deny at once, and let the identical command through once, after it was approved. */
  readonly held: boolean;
  readonly url: string | null;
  readonly keyFile: string | null;
}

/** A file that can't be used, in words for a person. */
export class RulesError extends Error {
  override readonly name = "RulesError";
}

/** @throws RulesError that names the file, and the field that is wrong. */
export function parseRules(text: string, file: string): RulesFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new RulesError(`${file} is not JSON: mend it, or take it away`);
  }
  const result = rulesSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue?.code === "unrecognized_keys")
    throw new RulesError(
      `${file}: ${issue.keys.join(", ")} is not known; there are ${Object.keys(rulesSchema.shape).join(", ")}`,
    );
  throw new RulesError(`${file}: ${issue?.path.join(".") || "it"} ${issue?.message}`);
}

/**
 * The user's own rules and those of the project. A project's file comes with the project, maybe from a stranger: beside
 * the user's own it may only make things stricter, and it never says which server gets the key.
 *
 * @throws RulesError for a project's file that reaches for more.
 */
export function mergedRules(
  user: RulesFile | null,
  project: RulesFile | null,
  files: { readonly user: string; readonly project: string },
): Rules {
  for (const name of ["url", "key_file"] as const)
    if (project?.[name] !== undefined)
      throw new RulesError(
        `${files.project}: ${name} may only stand in your own file, as a project must not choose who gets your key`,
      );
  const base = user ?? project ?? {};
  return {
    file: user === null && project !== null ? files.project : files.user,
    to: base.to ?? null,
    channel: base.channel ?? "sms",
    minutes: base.minutes ?? timeLimit.usual,
    deny: [...(user?.deny ?? []), ...(project?.deny ?? [])],
    ask: [...(user?.ask ?? []), ...(project?.ask ?? [])],
    allow: base.allow ?? [],
    otherwise: user?.otherwise === "ask" || project?.otherwise === "ask" ? "ask" : "pass",
    held: base.held ?? false,
    url: user?.url ?? null,
    keyFile: user?.key_file ?? null,
  };
}
