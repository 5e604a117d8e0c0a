import { expect, test } from "bun:test";
import { cautionsOf } from "../../src/channels/cautions.ts";
import { httpGatewaySchema } from "../../src/platform/config/http-gateway.ts";
import { kannelSchema } from "../../src/platform/config/kannel.ts";
import { ntfySchema } from "../../src/platform/config/ntfy.ts";
import { smppSchema } from "../../src/platform/config/smpp.ts";
import { SharedClock, withChannels } from "../http/channels/stage.ts";

const SECRET = "0123456789abcdef";
const smpp = (changes: object) =>
  smppSchema.parse({
    kind: "smpp",
    url: "ssmpp://smsc.example.net",
    systemId: "pause",
    from: "+15005550006",
    ...changes,
  });
const gateway = (changes: object) =>
  httpGatewaySchema.parse({
    kind: "httpGateway",
    url: "https://sms.example.net",
    hooks: { secret: SECRET },
    ...changes,
  });
const kannel = (changes: object) =>
  kannelSchema.parse({ kind: "kannel", url: "http://127.0.0.1:13013/", username: "pp", password: "pp", ...changes });

test.each([
  [smpp({})],
  [smpp({ url: "smpp://127.0.0.1" })],
  [smpp({ url: "smpp://[::1]:2775", password: "12345678" })],
  [smpp({ from: "ACME", replies: "off" })],
  [smpp({ from: "" })],
  [gateway({ from: "ACME" })],
  [gateway({ url: "http://localhost:8080/send" })],
  [kannel({ from: "ACME" })],
  [kannel({ from: "555", hooks: { secret: SECRET } })],
])("settings that leave nothing to say are not spoken of: %#", (settings) => {
  expect(cautionsOf(settings)).toEqual([]);
});

const READABLE = "texts, links and credentials can be read on the way";
const NAME = "nobody can write back to a name";

test.each([
  [smpp({ url: "smpp://smsc.example.net" }), [`SMPP without TLS: ${READABLE}`]],
  [gateway({ url: "http://10.0.0.9/send" }), [`HTTP without TLS: ${READABLE}`]],
  [kannel({ url: "http://kannel.example.net:13013/" }), [`HTTP without TLS: ${READABLE}`]],
  [ntfySchema.parse({ kind: "ntfy", url: "http://10.0.0.9" }), [`HTTP without TLS: ${READABLE}`]],
  [
    smpp({ password: "a-far-longer-one" }),
    ["`password` is longer than the 8 characters of the standard; it is sent whole"],
  ],
  [
    smpp({ systemId: "s".repeat(16) }),
    ["`systemId` is longer than the 15 characters of the standard; it is sent whole"],
  ],
  [smpp({ from: "ACME" }), [`${NAME} (\`from\`): those texts ask for an answer at the link alone`]],
  [smpp({ senders: { FR: "ACME" } }), [`${NAME} (\`senders.FR\`): those texts ask for an answer at the link alone`]],
  [
    gateway({ from: "ACME", inbound: { fromPath: "from", textPath: "text" } }),
    [`${NAME} (\`from\`): those texts ask for an answer at the link alone`],
  ],
  [
    kannel({ from: "ACME", hooks: { secret: SECRET } }),
    [`${NAME} (\`from\`): those texts ask for an answer at the link alone`],
  ],
])("what an operator should know of %o is said", (settings, cautions) => {
  expect(cautionsOf(settings)).toEqual(cautions);
});

test("it is said in the log at each start, with the channel's name and without a password", async () => {
  const sms = smpp({ url: "smpp://smsc.example.invalid", password: "far-too-long-a-password" });
  const appliance = await withChannels(new SharedClock(), { sms });
  await appliance.stop();
  const said = appliance.logged.join("");
  expect(said).toContain(`SMPP without TLS: ${READABLE} channel="sms"`);
  expect(said).toContain("longer than the 8 characters");
  expect(said).not.toContain("far-too-long");
});
