import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { WebhookSecrets } from "../../src/webhooks/secrets.ts";
import { DAY, START, seededRandom } from "../support/database.ts";

const FOLDER = seededRandom("folder").bytes(32);
const secrets = new WebhookSecrets(FOLDER);

/** RFC 5869 written out: extract with an empty salt, and the first block of expand. */
function hkdf(info: string): string {
  const extracted = createHmac("sha256", Buffer.alloc(32)).update(FOLDER).digest();
  return `whsec_${createHmac("sha256", extracted).update(info).update(Buffer.of(1)).digest("base64")}`;
}

const ENDPOINT = { id: "whk_1", secret_version: 1, secret_rotated_at: null };
const WORLD = { project: "default", mode: "live", secret_version: 1, secret_rotated_at: null } as const;

describe("a secret", () => {
  test("is derived from the folder's by HKDF, under a name that nothing else has", () => {
    expect(secrets.ofEndpoint(ENDPOINT, START)).toEqual([hkdf("pausepoint webhook endpoint whk_1 v1")]);
    expect(secrets.ofWorld(WORLD, START)).toEqual([hkdf("pausepoint webhook default default live v1")]);
  });

  test("is 32 bytes, as whsec_ and base64", () => {
    const [secret = ""] = secrets.ofEndpoint(ENDPOINT, START);
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(Buffer.from(secret.slice(6), "base64").length).toBe(32);
  });

  test("differs between endpoints, projects, modes, versions and folders", () => {
    const all = [
      ...secrets.ofEndpoint(ENDPOINT, START),
      ...secrets.ofEndpoint({ ...ENDPOINT, id: "whk_2" }, START),
      ...secrets.ofEndpoint({ ...ENDPOINT, secret_version: 2 }, START),
      ...secrets.ofWorld(WORLD, START),
      ...secrets.ofWorld({ ...WORLD, mode: "test" }, START),
      ...secrets.ofWorld({ ...WORLD, project: "other" }, START),
      ...secrets.ofWorld({ ...WORLD, secret_version: 2 }, START),
      ...new WebhookSecrets(seededRandom("another folder").bytes(32)).ofEndpoint(ENDPOINT, START),
    ];
    expect(all.length).toBe(8);
    expect(new Set(all).size).toBe(all.length);
  });

  test("signs beside its successor for a day to the millisecond, and then no more", () => {
    const old = [...secrets.ofEndpoint(ENDPOINT, START), ...secrets.ofWorld(WORLD, START)];
    const rotation = { secret_version: 2, secret_rotated_at: START };
    const at = (now: number) => [
      secrets.ofEndpoint({ ...ENDPOINT, ...rotation }, now),
      secrets.ofWorld({ ...WORLD, ...rotation }, now),
    ];
    for (const now of [START, START + DAY - 1]) {
      expect(at(now).map(([, before]) => before)).toEqual(old);
      expect(at(now).map(([current]) => current)).toEqual(at(START + 2 * DAY).map(([current]) => current));
    }
    expect(at(START + DAY).map((list) => list.length)).toEqual([1, 1]);
  });

  test("that was rotated twice within a day is gone at once: never more than two sign", () => {
    const [first] = secrets.ofEndpoint(ENDPOINT, START);
    const twice = secrets.ofEndpoint({ ...ENDPOINT, secret_version: 3, secret_rotated_at: START }, START);
    expect(twice.length).toBe(2);
    expect(twice).not.toContain(first);
  });
});
