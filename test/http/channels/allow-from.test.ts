/** A gateway that is known by its address alone, and proxies before the server. */
import { describe, expect, test } from "bun:test";
import { kannelSchema } from "../../../src/platform/config/kannel.ts";
import type { Appliance } from "../../support/appliance.ts";
import { SharedClock, withChannels } from "./stage.ts";

async function withGateway(trustProxy: readonly string[], use: (appliance: Appliance) => Promise<void>) {
  const hooks = { allowFrom: ["127.0.0.0/8"] };
  const url = "http://127.0.0.1:9/cgi-bin/sendsms";
  const sms = kannelSchema.parse({ kind: "kannel", url, username: "a", password: "b", from: "+15005550006", hooks });
  const listen = { host: "127.0.0.1", port: 0, trustProxy: [...trustProxy] };
  const appliance = await withChannels(new SharedClock(), { sms }, { listen });
  try {
    await use(appliance);
  } finally {
    await appliance.stop();
  }
}

/** As a proxy on the same machine passes a call on. */
const call = async (appliance: Appliance, headers: Record<string, string>) =>
  (await fetch(`${appliance.url}/hooks/sms/inbound?from=%2B13128471928&text=x`, { headers })).status;

describe("hooks.allowFrom", () => {
  test("lets in who calls from there, and nobody whom a proxy that is not trusted has let in", async () => {
    await withGateway([], async (appliance) => {
      expect(await call(appliance, {})).toBe(200);
      for (const headers of [
        { "x-forwarded-for": "203.0.113.9" },
        { "x-forwarded-for": "127.0.0.1" },
        { "x-forwarded-for": "" },
        { "x-real-ip": "203.0.113.9" },
        { forwarded: "for=127.0.0.1" },
        { via: "1.1 proxy" },
        { "x-forwarded-proto": "https" },
      ])
        expect([headers, await call(appliance, headers as Record<string, string>)]).toEqual([headers, 403]);
    });
  });

  test("behind a proxy that is trusted goes by whom that one tells of", async () => {
    await withGateway(["127.0.0.1/32"], async (appliance) => {
      expect(await call(appliance, {})).toBe(200);
      expect(await call(appliance, { "x-forwarded-for": "203.0.113.9" })).toBe(403);
      expect(await call(appliance, { "x-forwarded-for": "127.0.0.1, 203.0.113.9" })).toBe(403);
      expect(await call(appliance, { "x-forwarded-for": "203.0.113.9, 127.0.0.2" })).toBe(200);
      // A proxy that can't say whom it is for has said nothing.
      expect(await call(appliance, { "x-forwarded-for": "127.0.0.1, unknown" })).toBe(403);
      expect(await call(appliance, { "x-forwarded-proto": "https" })).toBe(403);
    });
  });
});
