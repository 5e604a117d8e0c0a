import { afterEach, beforeEach, expect, test } from "bun:test";
import { createHttpGatewayChannel } from "../../../src/channels/http-gateway/index.ts";
import { gatewayPresets } from "../../../src/platform/config/gateway-presets.ts";
import { type GatewayPeer, startGateway } from "../../peers/gateway.ts";
import { message, PHONE, settings, untilStopped } from "./stage.ts";

let peer: GatewayPeer;
beforeEach(() => {
  peer = startGateway();
});
afterEach(() => peer.stop());

async function send(preset: keyof typeof gatewayPresets, answer: unknown) {
  peer.answer = () => Response.json(answer);
  const config = settings({ from: "555", ...gatewayPresets[preset], url: peer.url });
  const result = await createHttpGatewayChannel(config).send(message, untilStopped);
  return { result, body: peer.requests[0]!.body };
}

test("SMSEagle is asked and understood", async () => {
  const { result, body } = await send("smseagle", [{ status: "queued", message: "OK", id: 748 }]);
  expect(body).toEqual({ to: [PHONE], text: message.text });
  expect(result).toMatchObject({ outcome: "sent", providerId: "748" });
  expect((await send("smseagle", [{ status: "error", message: "no modem" }])).result.outcome).toBe("failed");
});

test("SMS Gateway for Android is asked and understood", async () => {
  const { result, body } = await send("androidSmsGateway", { id: "c6f1f7cc-97c1", state: "Pending" });
  const textMessage = { text: message.text };
  expect(body).toEqual({ phoneNumbers: [PHONE], textMessage, withDeliveryReport: true, ttl: 930 });
  expect(result).toMatchObject({ outcome: "sent", providerId: "c6f1f7cc-97c1" });
});

test("Vonage's 200 is a success, a retry or a refusal by what stands in it", async () => {
  const answer = (status: string) => ({ messages: [{ status, "message-id": "0A00" }] });
  const { result, body } = await send("vonage", answer("0"));
  expect(body).toContainEqual(["to", PHONE.slice(1)]);
  expect(result).toMatchObject({ outcome: "sent", providerId: "0A00" });
  expect((await send("vonage", answer("1"))).result.outcome).toBe("retry");
  expect((await send("vonage", answer("4"))).result.outcome).toBe("failed");
});
