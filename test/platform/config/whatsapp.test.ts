import { describe, expect, test } from "bun:test";
import { whatsappSchema } from "../../../src/platform/config/whatsapp.ts";

const least = {
  ...{ kind: "whatsapp", accountSid: "AC1", authToken: "t", from: "+13125550100" },
  templates: { link: "HX1" },
};

/** What is refused: path and what is allowed. */
function refused(changes: Record<string, unknown>) {
  const written = Object.entries({ ...least, ...changes }).filter(([, value]) => value !== undefined);
  const result = whatsappSchema.safeParse(Object.fromEntries(written));
  return result.error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];
}

describe("the settings of whatsapp({ … })", () => {
  test("need a login, a sender and the template with the link", () => {
    expect(whatsappSchema.parse(least)).toMatchObject({ replies: "code", templates: { link: "HX1", titled: [] } });
    expect(refused({ authToken: undefined })[0]).toStartWith("authToken: authToken, or apiKey with apiSecret");
    expect(refused({ from: undefined })[0]).toStartWith("from: from, or messagingServiceSid");
    expect(refused({ from: undefined, messagingServiceSid: "MG1" })).toEqual([]);
    expect(refused({ templates: {} })[0]).toStartWith("templates.link: the content SID");
  });

  test.each([["whatsapp:+13125550100"], ["ACME"], ["12345"]])("have a number as the sender, not %p", (from) => {
    expect(refused({ from })).toEqual(["from: the number of a WhatsApp sender, as +13125550100"]);
  });

  test.each([
    [["Approve"]],
    [["a", "b", "c", "d"]],
    [["Approve", "Approve"]],
    [["Approve", "x".repeat(21)]],
    [["Approve", " Reject"]],
  ])("title the buttons of a template as WhatsApp can show them, not %p", (options) => {
    const [message] = refused({ templates: { link: "HX1", titled: [{ options, contentSid: "HX2" }] } });
    expect(message).toStartWith("templates.titled.0.options");
  });
});
