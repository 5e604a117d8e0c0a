import { z } from "zod";
import { hooksSchema, phoneSettings, textSettings } from "./http-gateway.ts";
import { httpUrl, section, text } from "./leaves.ts";

const credential = text("a string that is not empty, without line breaks", /^[^\r\n]+$/);

/** The settings of `kannel({ … })`: texts through an own Kannel's smsbox (`sendsms`). */
export const kannelSchema = section({
  kind: z.literal("kannel"),
  /** The smsbox, with the path of its `sendsms-url`: `http://127.0.0.1:13013/cgi-bin/sendsms`. */
  url: httpUrl,
  /** The `username` of a group `sendsms-user`, */
  username: credential,
  /** and its `password`. */
  password: credential,
  /** The sender: a number, a short code or a name. Default: what Kannel has for the user. */
  from: text("at most 30 printable characters", /^[ -~]{1,30}$/).exactOptional(),
  /** The `smsc-id` that texts leave by. Default: Kannel chooses. */
  smsc: text("the id of an SMSC", /^[\w.-]{1,64}$/).exactOptional(),
  ...phoneSettings,
  /** Who may call back. Without it there are no receipts and no replies. */
  hooks: hooksSchema.exactOptional(),
  ...textSettings,
}).superRefine(({ phoneFormat, country }, context) => {
  if (phoneFormat === "national" && country === undefined) {
    const message = 'the country of the numbers, such as GB, since phoneFormat is "national"';
    context.addIssue({ code: "custom", path: ["country"], message });
  }
});

type Settings = z.input<typeof kannelSchema>;

/** What `kannel({ … })` takes. The types allow undefined, as `process.env.X` may be; the start then refuses it. */
export type KannelSettings = { [Key in keyof Settings as Exclude<Key, "kind">]: Settings[Key] | undefined };

/** A Kannel channel, checked, with its defaults. */
export type KannelConfig = Readonly<z.output<typeof kannelSchema>>;
