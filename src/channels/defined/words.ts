import { type Concealed, excerptOf, hide } from "../http-gateway/conceal.ts";

const LONGEST = 300;

/** What was thrown or said, as one line without what is to stay hidden. */
export function wordsOf(thrown: unknown, hidden: Concealed): string {
  const said = saidBy(thrown);
  if (said.trim() === "") return "it gives no reason";
  return excerptOf(said, hidden) ?? "its words hold the message or a secret, so they are not shown";
}

/** The same for a value of a log line, where the text is not looked for. */
export function concealed(value: string, { to, link, secrets }: Concealed): string {
  return hide(value, [...secrets, link, to]).slice(0, LONGEST);
}

function saidBy(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return thrown.message || thrown.name;
    return typeof thrown === "string" ? thrown : "something was thrown that is no Error";
  } catch {
    return "";
  }
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** The first thing that is wrong with a value: `outcome has to be "sent", …`. */
export function isWrong(error: unknown): string {
  const issues = typeof error === "object" && error !== null && "issues" in error ? (error.issues as Issue[]) : [];
  const [issue] = issues;
  if (issue === undefined) return "it can't be read";
  const path = issue.path.map(String).join(".");
  return path === "" ? `it has to be ${issue.message}` : `${path} has to be ${issue.message}`;
}
