import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { allThatArrives, placeOf, readSelf, selfHeaders, selfRequest } from "../../src/http/self.ts";
import { readSecret } from "../../src/storage/index.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";

let appliance: Appliance;
let secret: Uint8Array;
beforeAll(async () => {
  appliance = await startAppliance();
  secret = readSecret(join(appliance.config.dataDir, "secret"));
});
afterAll(() => appliance.stop());

const nonce = "abcdefghijklmnopqrstuv";

/** What the server answers to the question with this nonce. */
async function asked(headers?: Record<string, string>) {
  const request = selfRequest(nonce);
  const response = await fetch(`${appliance.url}${request.path}`, { headers: headers ?? request.headers });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

describe("an answer about itself", () => {
  test("is believed only where it was signed under the secret of this folder, for this question", async () => {
    const { status, headers, text } = await asked();
    expect(status).toBe(200);
    for (const [name, value] of Object.entries(selfHeaders)) expect(headers.get(name)).toBe(value);
    expect(readSelf(secret, nonce, text)).toMatchObject({
      arrived: allThatArrives,
      host: new URL(appliance.url).host,
      place: placeOf(secret, appliance.config.dataDir),
      forwarded: false,
    });
    const other = new Uint8Array(32).fill(7);
    expect(readSelf(other, nonce, text)).toBeNull();
    expect(readSelf(secret, "vutsrqponmlkjihgfedcba", text)).toBeNull();
    expect(readSelf(secret, nonce, text.replace('"forwarded":false', '"forwarded":true'))).toBeNull();
    for (const nothing of ["", "{}", '{"self":{},"proof":1}', "<html>", text.slice(0, -3)])
      expect(readSelf(secret, nonce, nothing)).toBeNull();
  });

  test("says what has not arrived, and who has passed it on", async () => {
    const { text } = await asked({
      "idempotency-key": nonce,
      authorization: "Bearer another",
      "x-forwarded-for": "192.0.2.1",
    });
    expect(readSelf(secret, nonce, text)).toMatchObject({ arrived: ["idempotency-key", "query"], forwarded: true });
  });

  test("tells nobody who asks where it runs, and is given to nothing but a whole nonce", async () => {
    const { text } = await asked();
    expect(text).not.toContain(appliance.config.dataDir);
    for (const wrong of ["", "?nonce=short", `?nonce=${nonce}!`, `?nonce=${nonce}${nonce}`])
      expect((await fetch(`${appliance.url}/.well-known/pausepoint-self${wrong}`)).status).toBe(404);
  });
});
