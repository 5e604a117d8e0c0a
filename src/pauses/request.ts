import { z } from "zod";
import { codePoints } from "../platform/json.ts";
import { textOf } from "../platform/schema.ts";

/** The limits of contract and page, in one place. */
export const limits = {
  recipients: 10,
  message: 1_600,
  options: 10,
  option: 60,
  timeoutHours: 8_760,
  details: 20,
  detailLabel: 60,
  detailText: 500,
  comment: 2_000,
  metadataBytes: 16_384,
  cancelReason: 500,
  waitSeconds: 120,
  page: 100,
} as const;

const ONE_LINE = /^[^\p{Cc}\u2028\u2029]*$/u;
const SOMETHING_SEEN = /[\p{L}\p{N}\p{P}\p{S}]/u;
/** Empty text passes: that it is empty has been said by its length. */
const isSeen = (text: string) => text === "" || SOMETHING_SEEN.test(text);

const option = textOf(1, limits.option)
  .refine((text) => ONE_LINE.test(text), "must be one line without control characters")
  .refine((text) => text.trim() === text, "must not begin or end with a space")
  .refine(isSeen, "must hold something that can be seen");

const options = z
  .array(option, "must be an array of 1 to 10 strings")
  .min(1, "must hold 1 to 10 options")
  .max(limits.options, "must hold 1 to 10 options")
  .superRefine((list, context) => {
    const seen = new Map<string, number>();
    list.forEach((text, index) => {
      // Two labels that a person can't tell apart are one: compared in Unicode normal form KC, without what has no shape.
      const form = text.normalize("NFKC").replaceAll(/\p{Default_Ignorable_Code_Point}/gu, "");
      const before = seen.get(form);
      if (before === undefined) seen.set(form, index);
      else context.addIssue({ code: "custom", path: [index], message: `is the same as option ${before}` });
    });
  });

const message = textOf(1, limits.message).refine(isSeen, "must hold something that can be seen");

const details = z
  .unknown()
  .superRefine((value, context) => {
    if (value === null || typeof value !== "object" || Array.isArray(value)) {
      context.addIssue({ code: "custom", message: "must be an object of label to text" });
      return;
    }
    const members = Object.entries(value);
    if (members.length > limits.details)
      context.addIssue({ code: "custom", message: `must hold at most ${limits.details} details` });
    for (const [label, text] of members) {
      const length = codePoints(label);
      if (length < 1 || length > limits.detailLabel || !ONE_LINE.test(label) || !SOMETHING_SEEN.test(label)) {
        context.addIssue({
          code: "custom",
          path: [label],
          message: `must have a label of 1 to ${limits.detailLabel} characters on one line`,
        });
      }
      if (typeof text !== "string" || codePoints(text) > limits.detailText) {
        context.addIssue({
          code: "custom",
          path: [label],
          message: `must be text of at most ${limits.detailText} characters`,
        });
      }
    }
  })
  .transform((value) => value as Record<string, string>)
  .meta({
    document: {
      type: "object",
      description: "Label to text, shown on the page as a table.",
      maxProperties: limits.details,
      propertyNames: { type: "string", minLength: 1, maxLength: limits.detailLabel },
      additionalProperties: { type: "string", maxLength: limits.detailText },
    },
  });

const metadata = z
  .unknown()
  .superRefine((value, context) => {
    if (value === null || typeof value !== "object" || Array.isArray(value)) {
      context.addIssue({ code: "custom", message: "must be an object" });
    } else if (Buffer.byteLength(JSON.stringify(value)) > limits.metadataBytes) {
      context.addIssue({ code: "custom", message: "must be at most 16 kB as JSON" });
    }
  })
  .transform((value) => value as Record<string, unknown>)
  .meta({
    document: {
      type: "object",
      description: `Returned untouched; at most ${limits.metadataBytes} bytes as JSON.`,
      additionalProperties: true,
    },
  });

const recipient = z
  .string("must be text: @name, a phone number, an email address or a Slack id")
  .min(1, "must not be empty")
  .max(320, "is too long for an address");

const HOURS = `must be a number above 0 and at most ${limits.timeoutHours}`;

export const NOT_AN_OPTION = "must be one of the options, exactly";

/** The body of `POST /v1/pause`. */
export const createBody = z
  .strictObject(
    {
      recipient: z.union(
        [
          recipient,
          z
            .array(recipient, "must be text, or an array of 1 to 10")
            .min(1, "must hold 1 to 10 recipients")
            .max(limits.recipients, "must hold 1 to 10 recipients"),
        ],
        "must be text, or an array of 1 to 10: @name, a phone number, an email address or a Slack id",
      ),
      channel: z
        .string("must be the name of a channel, such as sms")
        .regex(/^[a-z][a-z0-9_-]{0,31}$/, "must be the name of a channel, such as sms"),
      message,
      options: options.default(["Approve", "Reject"]),
      timeout_hours: z.number(HOURS).positive(HOURS).max(limits.timeoutHours, HOURS).optional(),
      timeout_default: z.string("must be one of the options, or null").nullable().default(null),
      details: details.optional(),
      allow_comment: z.boolean("must be true or false").default(false),
      metadata: metadata.optional(),
      action_digest: z
        .string("must be sha256: and 64 lower-case hex digits, or null")
        .regex(/^sha256:[0-9a-f]{64}$/, "must be sha256: and 64 lower-case hex digits, or null")
        .nullable()
        .default(null),
      audience: textOf(1, 255).nullable().default(null),
      webhook_url: z
        .string("must be an http or https URL, or null")
        .max(2_048, "must have at most 2,048 characters")
        .nullable()
        .default(null),
    },
    "must be a JSON object",
  )
  .superRefine((body, context) => {
    if (body.timeout_default !== null && !body.options.includes(body.timeout_default)) {
      context.addIssue({ code: "custom", path: ["timeout_default"], message: NOT_AN_OPTION });
    }
  });

/** A checked `POST /v1/pause`, with what has a default filled in. */
export type CreateRequest = z.output<typeof createBody>;

const WAIT = `must be a number of seconds from 0 to ${limits.waitSeconds}`;

/** The query of `GET /v1/pause/{pause_id}`. */
export const waitQuery = z.strictObject({
  wait: z
    .string()
    .regex(/^\d{1,4}(\.\d{1,9})?$/, WAIT)
    .transform(Number)
    .refine((seconds) => seconds <= limits.waitSeconds, WAIT)
    .default(0)
    .meta({
      document: {
        type: "number",
        description: "How long to hold the answer, in seconds, until the pause has ended.",
        minimum: 0,
        maximum: limits.waitSeconds,
        default: 0,
      },
    }),
});

/** The body of `POST /v1/pause/{pause_id}/cancel`. */
export const cancelBody = z.strictObject(
  { reason: textOf(0, limits.cancelReason).nullable().default(null) },
  "must be a JSON object",
);

/** The body of `POST /v1/test/pause/{pause_id}/respond`. */
export const respondBody = z.strictObject(
  {
    choice: z.string("must be one of the pause's options"),
    comment: textOf(0, limits.comment).nullable().default(null),
  },
  "must be a JSON object",
);
