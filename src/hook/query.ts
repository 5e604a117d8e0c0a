import { z } from "zod";
import { timeLimit } from "./deadline.ts";

const MINUTES = `must be a number of minutes from ${timeLimit.least} to ${timeLimit.most}`;

/** What a rules file says elsewhere. */
export const hookQuery = z.strictObject({
  to: z
    .string()
    .min(1, "must name whom to ask")
    .max(3_200, "is too long")
    .meta({ description: "Whom to ask: a recipient, or several with commas between." }),
  channel: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,31}$/, "must be the name of a channel, such as sms")
    .default("sms")
    .meta({ description: "How to ask." }),
  minutes: z
    .string()
    .regex(/^\d{1,3}(\.\d{1,3})?$/, MINUTES)
    .transform(Number)
    .refine((minutes) => minutes >= timeLimit.least && minutes <= timeLimit.most, MINUTES)
    .default(timeLimit.usual)
    .meta({
      document: { type: "number", minimum: timeLimit.least, maximum: timeLimit.most, default: timeLimit.usual },
      description: "How long a person has. The agent's own limit must be a minute later.",
    }),
  otherwise: z
    .enum(["pass", "ask"], "must be pass or ask")
    .default("pass")
    .meta({ description: "What becomes of what no built-in rule names." }),
});
