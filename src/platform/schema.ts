import { z } from "zod";
import { codePoints, pointerPart } from "./json.ts";
import { type FieldError, invalid } from "./problem.ts";
import { suggestion } from "./suggest.ts";

/** Text of `least` to `most` code points. */
export function textOf(least: number, most: number) {
  const said =
    least === 0 ? `must be text of at most ${most} characters` : `must be text of ${least} to ${most} characters`;
  const described = z.string(said).meta({ ...(least > 0 ? { minLength: least } : {}), maxLength: most });
  return described.refine((text) => {
    // Code points are never more than UTF-16 units, so short text need not be counted.
    if (text.length <= most && text.length >= least * 2) return true;
    const length = codePoints(text);
    return length >= least && length <= most;
  }, said);
}

/**
 * Checks a value against a schema.
 *
 * @throws Problem `invalid` naming every field that is wrong: of a body by JSON pointer, of a query by parameter.
 */
export function check<S extends z.ZodType>(schema: S, value: unknown, where: "body" | "query"): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  throw invalid(result.error.issues.flatMap((issue) => fieldErrors(issue, known, where)));
}

/** `known`: the names at the top, where one that is unknown may have been meant as one of them. */
function fieldErrors(issue: z.core.$ZodIssue, known: readonly string[], where: "body" | "query"): FieldError[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const meant = issue.path.length === 0 ? suggestion(key, known) : "";
      return fieldError([...issue.path, key], `is not a field that is known here${meant}`, where);
    });
  }
  return [fieldError(issue.path, issue.message, where)];
}

function fieldError(path: readonly PropertyKey[], detail: string, where: "body" | "query"): FieldError {
  if (where === "query") return { parameter: path.map(String).join("."), detail };
  return { pointer: path.map((part) => `/${pointerPart(String(part))}`).join(""), detail };
}
