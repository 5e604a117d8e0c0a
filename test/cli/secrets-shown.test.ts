/** What the commands and the log of a start show of a configuration: none of its secrets. */

import { afterAll, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { environment, folderWith, run } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { program } from "../support/program.ts";

/** Each is to be found nowhere. */
const SECRETS = {
  twilioToken: "tw-5f1d2c3b4a59687",
  smtpPassword: "sm-77aa88bb99cc",
  slackToken: "xoxb-1-66ff55ee44dd",
  slackSigning: "9".repeat(8) + "a".repeat(24),
  gatewayHeader: "gw-header-1a2b3c",
  gatewayQuery: "gw-query-4d5e6f",
  gatewayHook: "gwhook0123456789abcdef",
  kannelPassword: "ka-998877",
  smppPassword: "sp998877",
  ntfyToken: "tk_aabbccddee",
};
const { twilioToken, smtpPassword, slackToken, slackSigning, gatewayHeader } = SECRETS;
const { gatewayQuery, gatewayHook, kannelPassword, smppPassword, ntfyToken } = SECRETS;

const folder = folderWith({
  "pausepoint.config.ts": `import { defineConfig, httpGateway, kannel, ntfy, slack, smpp, smtp, twilio } from "pausepoint/config";
export default defineConfig({
  channels: {
    sms: twilio({ accountSid: "AC1", authToken: "${twilioToken}", from: "+13125550100", apiBase: "http://127.0.0.1:9" }),
    email: smtp({ url: "smtp://user:${smtpPassword}@127.0.0.1:9", from: "a@example.com" }),
    slack: slack({ botToken: "${slackToken}", signingSecret: "${slackSigning}", apiBase: "http://127.0.0.1:9/api" }),
    own: httpGateway({
      url: "http://127.0.0.1:9/send",
      query: { key: "${gatewayQuery}" },
      headers: { "x-api-key": "${gatewayHeader}" },
      body: (m) => ({ to: m.to, text: m.text }),
      hooks: { secret: "${gatewayHook}" },
    }),
    kannel: kannel({ url: "http://127.0.0.1:9/cgi-bin/sendsms", username: "pause", password: "${kannelPassword}" }),
    carrier: smpp({ url: "smpp://127.0.0.1:9", systemId: "pause", password: "${smppPassword}", from: "+13125550100" }),
    push: ntfy({ url: "http://127.0.0.1:9", token: "${ntfyToken}" }),
  },
});
`,
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const secretsIn = (text: string) =>
  Object.entries(SECRETS).flatMap(([name, secret]) => {
    const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64").replace(/=+$/, "")];
    return forms.some((form) => text.includes(form)) ? [name] : [];
  });

test.each([["config check"], ["config check --json"], ["doctor"], ["doctor --json"]])(
  "%s shows no secret of the configuration",
  async (command) => {
    const { stdout, stderr } = await run([...program, ...command.split(" "), "--data", "data"], folder, environment());
    expect(stdout || stderr).toContain("carrier");
    expect(secretsIn(stdout + stderr)).toEqual([]);
  },
  120_000,
);

test("a setting that is refused shows no secret that stands in its address", async () => {
  const wrong = folderWith({
    "pausepoint.config.ts": `import { defineConfig, httpGateway } from "pausepoint/config";
export default defineConfig({
  channels: { sms: httpGateway({ url: "http://a:${smtpPassword}@127.0.0.1:9/send?key=${gatewayQuery}", body: () => ({}) }) },
});
`,
  });
  const { status, stdout, stderr } = await run([...program, "config", "check"], wrong, environment());
  rmSync(wrong, { recursive: true, force: true });
  expect(status).toBe(2);
  expect(stderr).toContain('"http://…@127.0.0.1:9/send?…"');
  expect(secretsIn(stdout + stderr)).toEqual([]);
}, 120_000);

test("a server that starts, and can reach none of its channels, logs no secret of theirs", async () => {
  const child = Bun.spawn([...program, "serve", "--data", "data", "--port", "0", "--json"], {
    cwd: folder,
    env: environment({ PAUSEPOINT_LOG: "debug" }),
    stdout: "pipe",
    stderr: "pipe",
  });
  const told = child.stderr.text();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const { url } = JSON.parse(new TextDecoder().decode(value).split("\n")[0] ?? "") as { url: string };
  const made = await run([...program, "keys", "create", "--name", "agent", "--data", join(folder, "data")], folder);
  const key = made.stdout.trim();
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const seen: string[] = [];
  for (const [channel, recipient] of [
    ["sms", "+13128471928"],
    ["own", "+13128471928"],
    ["email", "a@example.com"],
  ]) {
    const body = JSON.stringify({ recipient, channel, message: "Pay?" });
    const pause = (await (await fetch(`${url}/v1/pause`, { method: "POST", headers, body })).json()) as {
      pause_id: string;
    };
    const { data } = await eventually(
      async () =>
        (await (await fetch(`${url}/v1/pause/${pause.pause_id}/deliveries`, { headers })).json()) as {
          data: { attempts: unknown[] }[];
        },
      ({ data: [delivery] }) => (delivery?.attempts.length ?? 0) > 0,
    );
    seen.push(JSON.stringify(data));
    const audit = await fetch(`${url}/v1/pause/${pause.pause_id}/audit?disclose=true`, { headers });
    seen.push(await audit.text());
  }
  child.kill("SIGTERM");
  await child.exited;
  expect(seen.length).toBe(6);
  expect(secretsIn((await told) + seen.join("\n"))).toEqual([]);
  expect((await told) + seen.join("\n")).not.toContain(key);
}, 300_000);
