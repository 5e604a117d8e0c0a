import { z } from "zod";

const LIMIT = "must be a whole number from 1 to 100";

/** How a list is paged, as the API takes it. */
export const pageArguments = {
  limit: z.int(LIMIT).min(1, LIMIT).max(100, LIMIT).optional().describe("How many, 1 to 100. Default 20."),
  cursor: z
    .string("must be a next_cursor")
    .optional()
    .describe("The next_cursor of the page before, with the same filters."),
};

/** A time, which the API itself reads. */
export function timeArgument(description: string) {
  return z
    .string("must be a time such as 2026-11-24T09:30:00Z")
    .optional()
    .describe(`${description} RFC 3339, such as 2026-11-24T09:30:00Z.`);
}
