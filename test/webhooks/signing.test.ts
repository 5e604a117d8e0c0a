import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { sign } from "../../src/webhooks/signing.ts";
import { pathOf, testNeeding } from "../support/needs.ts";

const secretOf = (byte: number, length = 32) => `whsec_${Buffer.alloc(length, byte).toString("base64")}`;
const NEW = secretOf(1);
const OLD = secretOf(2);
const now = () => Math.floor(Date.now() / 1000);
const BODY = '{"type":"pause.responded","note":"Zürich – 💶"}';

const vectorTest = testNeeding("shared/vectors");

describe("a signature", () => {
  vectorTest("is, byte for byte, the one that Standard Webhooks publishes for its own secret and body", async () => {
    const file = join(pathOf("shared/vectors"), "standard-webhooks/vector.json");
    const vector = JSON.parse(readFileSync(file, "utf8"));
    const { id, timestamp, payload, secret, signature } = vector;
    expect(sign({ id, timestampSeconds: timestamp, body: payload, secrets: [secret] })).toEqual({
      "webhook-id": id,
      "webhook-timestamp": String(timestamp),
      "webhook-signature": signature,
    });
  });

  test("is taken by the reference library, which refuses it for another body, id, time or secret", () => {
    const headers = { ...sign({ id: "evt_1", timestampSeconds: now(), body: BODY, secrets: [NEW] }) };
    const webhook = new Webhook(NEW);
    expect(webhook.verify(BODY, headers)).toEqual(JSON.parse(BODY));
    expect(() => webhook.verify(`${BODY} `, headers)).toThrow("No matching signature");
    expect(() => webhook.verify(BODY, { ...headers, "webhook-id": "evt_2" })).toThrow("No matching signature");
    const later = String(now() + 1);
    expect(() => webhook.verify(BODY, { ...headers, "webhook-timestamp": later })).toThrow("No matching signature");
    expect(() => new Webhook(OLD).verify(BODY, headers)).toThrow("No matching signature");
  });

  test("is two while a secret is being rotated, the new one first, and a receiver with either takes it", () => {
    const headers = { ...sign({ id: "evt_1", timestampSeconds: now(), body: BODY, secrets: [NEW, OLD] }) };
    const [first, second, ...rest] = headers["webhook-signature"].split(" ");
    expect(rest).toEqual([]);
    const alone = (secret: string) =>
      sign({ id: "evt_1", timestampSeconds: Number(headers["webhook-timestamp"]), body: BODY, secrets: [secret] });
    expect([first, second]).toEqual([alone(NEW)["webhook-signature"], alone(OLD)["webhook-signature"]]);
    for (const secret of [NEW, OLD]) expect(new Webhook(secret).verify(BODY, headers)).toEqual(JSON.parse(BODY));
  });
});

describe("nothing is signed", () => {
  const good = { id: "evt_1", timestampSeconds: 1, body: BODY, secrets: [NEW] };

  test("under an id with a dot, which could be read as another id and time", () => {
    for (const id of ["", "evt.1", "."]) expect(() => sign({ ...good, id })).toThrow("id of a webhook");
  });

  test("at a time that is not in whole seconds", () => {
    for (const timestampSeconds of [1.5, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => sign({ ...good, timestampSeconds })).toThrow("whole seconds");
  });

  test("without a secret, or with one that is too short, too long or no secret, and the error does not tell it", () => {
    expect(() => sign({ ...good, secrets: [] })).toThrow("needs a secret");
    for (const secret of [
      secretOf(7, 23),
      secretOf(7, 65),
      "whsec_",
      "whsk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
    ]) {
      let said = "";
      try {
        sign({ ...good, secrets: [NEW, secret] });
      } catch (error) {
        said = (error as Error).message;
      }
      expect(said).toBe("a webhook's secret is whsec_ and the base64 of 24 to 64 bytes");
    }
    for (const length of [24, 64])
      expect(sign({ ...good, secrets: [secretOf(7, length)] })["webhook-signature"]).toStartWith("v1,");
  });
});
