import { describe, expect, test } from "bun:test";
import { twilioHooksUrl } from "../../../src/channels/twilio/hooks-url.ts";

const API = "https://api.twilio.com";

describe("where Twilio can call this server", () => {
  test("is under the base URL, by the channel's name", () => {
    expect(twilioHooksUrl("https://approve.example.com", "sms", API)).toBe("https://approve.example.com/hooks/sms");
    expect(twilioHooksUrl("https://8.8.8.8:8443/", "oncall", API)).toBe("https://8.8.8.8:8443/hooks/oncall");
  });

  test.each([
    ...["http://approve.example.com", "http://127.0.0.1:8787", "https://127.0.0.1", "https://localhost"],
    ...["https://[::1]", "https://10.1.2.3", "https://192.168.0.9", "https://[fd00::1]", "https://[::ffff:10.0.0.1]"],
    ...["https://approve", "https://approve.local", "https://approve.internal", "https://app_1.example.com"],
  ])("is nowhere at %s", (baseUrl) => {
    expect(twilioHooksUrl(baseUrl, "sms", API)).toBeNull();
  });

  test("is anywhere for an API on this machine", () => {
    for (const api of ["http://127.0.0.1:4010", "http://localhost:4010", "http://[::1]:4010"]) {
      expect(twilioHooksUrl("http://127.0.0.1:8787", "sms", api)).toBe("http://127.0.0.1:8787/hooks/sms");
    }
    expect(twilioHooksUrl("http://127.0.0.1:8787", "sms", "http://10.0.0.1")).toBeNull();
  });
});
