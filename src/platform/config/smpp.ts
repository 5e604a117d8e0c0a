import { isIP } from "node:net";
import { isSupportedCountry } from "libphonenumber-js";
import { z } from "zod";
import { named, oneOf, section, text, wholeNumber } from "./leaves.ts";
import { certificates, hostName, privateKey } from "./tls.ts";

/** What stands in `url`. */
export interface Smsc {
  /** A name or an IP address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** `ssmpp://`: encrypted from the first byte. */
  readonly isTls: boolean;
}

const sender = text(
  'a number as +13125550100, a short code of 3 to 8 digits, a name of at most 11 letters, digits, spaces and - _ . &, or "" where the carrier sets it',
  /^(|\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 _.&-]{1,11})$/,
);

const COUNTRY = "two capital letters (ISO 3166-1), such as GB";
const NO_COUNTRY = "senders for countries with phone numbers (ISO 3166-1), such as GB";

const ascii = (most: number) => text(`at most ${most} printable ASCII characters`, new RegExp(`^[ -~]{0,${most}}$`));

const tls = section({
  /** Certificates of the authorities that sign the carrier's own, in PEM; they stand in place of the public ones. */
  ca: certificates.exactOptional(),
  /** The name that the carrier's certificate must hold. Default: the host in `url`. */
  serverName: hostName.exactOptional(),
  /** This client's own certificate, in PEM, where the carrier asks for one. */
  cert: certificates.exactOptional(),
  /** The private key of `cert`, in PEM, without a passphrase. */
  key: privateKey.exactOptional(),
});

/** The settings of `smpp({ … })`: texts straight to a carrier or an aggregator over SMPP 3.4. */
export const smppSchema = section({
  kind: z.literal("smpp"),
  /** The carrier: `smpp://` (port 2775 unless named) or, encrypted, `ssmpp://` (3550). The certificate is always checked. */
  url: text(
    "smpp://host:2775 or ssmpp://host:3550, with nothing before or after",
    (value) => parseSmsc(value) !== null,
  ),
  /** The account's name. The standard has 15 characters; longer ones are sent as they are. */
  systemId: text("1 to 64 printable ASCII characters", /^[ -~]{1,64}$/),
  /** The account's password. The standard has 8 characters; longer ones are sent as they are. */
  password: ascii(64).default(""),
  /** What some carriers want to be told at the bind. Default: empty. */
  systemType: ascii(64).default(""),
  /** The sender: a number in E.164 (`+13125550100`), a short code, a name, or `""` where the carrier sets it. */
  from: sender,
  /** A sender of its own for recipients of a country (ISO 3166-1 alpha-2): `{ GB: "+447700900123", FR: "ACME" }`. */
  senders: named("country", /^[A-Z]{2}$/, COUNTRY, sender).default({}),
  /** One connection for both ways, or one for each, where the carrier refuses transceivers. Default `transceiver`. */
  bind: oneOf(["transceiver", "transmitter+receiver"]).default("transceiver"),
  tls: tls.prefault({}),
  /** How many parts may be on their way without an answer, 1 to 1000. Default 10. */
  window: wholeNumber(1, 1000).default(10),
  /** How many parts are handed over in a second, 0 to 10000; 0 sets no limit. Default 5. */
  partsPerSecond: wholeNumber(0, 10_000).default(5),
  /**
   * How texts are written: `auto` in GSM-7 where that has every character, else in UCS-2; `gsm7` never otherwise;
   * `latin1` in place of GSM-7; `ucs2` always. Default `auto`.
   */
  charset: oneOf(["auto", "gsm7", "latin1", "ucs2"]).default("auto"),
  /** The data_coding of GSM-7, 0 to 255. Default 0, the carrier's default alphabet. */
  dataCodingGsm7: wholeNumber(0, 255).default(0),
  /** The data_coding of Latin-1, 0 to 255; 0 for a carrier whose default alphabet that is. Default 3. */
  dataCodingLatin1: wholeNumber(0, 255).default(3),
  /**
   * How a long text is sent: in parts with a header whose reference has 8 bits (`udh8`) or 16 (`udh16`), in parts with
   * the parameters `sar_…`, or whole as `message_payload`. Default `udh8`.
   */
  longMessages: oneOf(["udh8", "udh16", "sar", "payload"]).default("udh8"),
  /** How numbers are written: `+4930123`, `4930123`, `004930123`, or `030123` in `country`. Default `without-plus`. */
  addressFormat: oneOf(["e164", "without-plus", "00", "national"]).default("without-plus"),
  /** The country (ISO 3166-1 alpha-2) of numbers that are written or come in nationally. */
  country: text(COUNTRY, (value) => isSupportedCountry(value)).exactOptional(),
  /** The sender's type of number, 0 to 7. Default: from the sender: 1 for a number, 3 for a short code, 5 for a name. */
  sourceTon: wholeNumber(0, 7).exactOptional(),
  /** The sender's numbering plan, 0 to 18. Default: 1 for a number, 0 for short codes and names. */
  sourceNpi: wholeNumber(0, 18).exactOptional(),
  /** The recipient's type of number, 0 to 7. Default: 1, with `national` 2. */
  destinationTon: wholeNumber(0, 7).exactOptional(),
  /** The recipient's numbering plan, 0 to 18. Default 1. */
  destinationNpi: wholeNumber(0, 18).exactOptional(),
  /** How the carrier is told when a text is of no use any more: `relative`, `absolute` (UTC) or `none`. */
  validityPeriod: oneOf(["relative", "absolute", "none"]).default("relative"),
  /** How often a quiet link is tried, 5 to 600 s. Default 30. */
  enquireLinkSeconds: wholeNumber(5, 600).default(30),
  /** How long one attempt may take, and how long an answer is waited for, 2 to 120 s. Default 30. */
  timeoutSeconds: wholeNumber(2, 120).default(30),
  /** Which receipts are asked for: `final`, only of a `failure`, or `none`. Default `final`. */
  receipts: oneOf(["final", "failure", "none"]).default("final"),
  /**
   * How a receipt spells the id that the answer gave: `auto` finds out; `same`; `hex-to-decimal` where answers are
   * hexadecimal and receipts decimal; `decimal-to-hex`. Zeros in front and capitals never matter. Default `auto`.
   */
  messageIdFormat: oneOf(["auto", "same", "hex-to-decimal", "decimal-to-hex"]).default("auto"),
  /**
   * What a text that someone writes back can do: `code` answers the question whose code it holds, `open` may leave the
   * code out while one question alone waits for that number, `off` answers nothing. Default `code`.
   */
  replies: oneOf(["off", "code", "open"]).default("code"),
  /** How many segments a text may take, 1 to 10, where the message can be shortened to it. Default 2. */
  maxSegments: wholeNumber(1, 10).default(2),
  /** Whether characters are replaced by plainer ones where that brings a text into GSM-7. Default false. */
  transliterate: z.boolean("true or false").default(false),
  /** Whether those who were asked get a text when somebody else answers or the question is withdrawn. Default false. */
  tellWhenOver: z.boolean("true or false").default(false),
  /** How many texts are handed over at the same time, 1 to 1000. Default 10. */
  concurrency: wholeNumber(1, 1000).default(10),
}).superRefine((settings, context) => {
  const refuse = (path: readonly string[], allowed: string) =>
    context.addIssue({ code: "custom", path: [...path], message: allowed });
  const { url, senders, addressFormat, country } = settings;
  for (const code of Object.keys(senders)) if (!isSupportedCountry(code)) refuse(["senders", code], NO_COUNTRY);
  if (addressFormat === "national" && country === undefined) {
    refuse(["country"], 'the country of the numbers, such as GB, since addressFormat is "national"');
  }
  const smsc = parseSmsc(url);
  if (smsc === null) return;
  const given = Object.keys(settings.tls);
  for (const key of smsc.isTls ? [] : given) refuse(["tls", key], "nothing, unless url starts with ssmpp://");
  const { cert, key } = settings.tls;
  if (cert !== undefined && key === undefined) refuse(["tls", "key"], "the private key that belongs to cert");
  if (cert === undefined && key !== undefined) refuse(["tls", "cert"], "the certificate that belongs to key");
});

type Settings = z.input<typeof smppSchema>;

/** What `smpp({ … })` takes. The types allow undefined, as `process.env.X` may be; the start then refuses it. */
export type SmppSettings = { [Key in keyof Settings as Exclude<Key, "kind">]: Settings[Key] | undefined };

/** An SMPP channel, checked, with its defaults. */
export type SmppConfig = Readonly<z.output<typeof smppSchema>>;

/** The parts of a carrier's address; null when it is not one. */
export function parseSmsc(address: string): Smsc | null {
  const [, scheme = "", bracketed, plain, digits] =
    address.match(/^(s?smpp):\/\/(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::(\d{1,5}))?\/?$/i) ?? [];
  const host = bracketed ?? plain ?? "";
  if (host === "" || (bracketed !== undefined && isIP(bracketed) !== 6)) return null;
  const isTls = scheme.toLowerCase() === "ssmpp";
  const port = digits === undefined ? (isTls ? 3550 : 2775) : Number(digits);
  return port >= 1 && port <= 65_535 ? { host, port, isTls } : null;
}
