import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { resolve } from "node:path";
import { rootCertificates } from "node:tls";
import { z } from "zod";
import { loadConfig } from "../../../src/platform/config/load.ts";
import { configSchema } from "../../../src/platform/config/schema.ts";
import { folderWith, removeFolders } from "./folder.ts";

afterAll(removeFolders);

const MANUAL = resolve(import.meta.dir, "../../../pausepoint.config.ts");

/** As the head of the file says: a setting is a line with no space, or two and more, after its slashes. */
function uncomment(text: string): string {
  return text.replace(/^( *)\/\/(?=\S| {2,}\S)/gm, "$1");
}

/** The dotted paths of all settings, with `*` for a name that the operator chooses. */
function settingsOf(schema: z.core.JSONSchema._JSONSchema, path: string[] = []): string[] {
  if (typeof schema === "boolean") return [];
  const { properties = {}, additionalProperties, anyOf = [], oneOf = [] } = schema;
  return [
    ...Object.entries(properties).flatMap(([key, value]) => [
      [...path, key].join("."),
      ...settingsOf(value, [...path, key]),
    ]),
    ...(typeof additionalProperties === "object" ? settingsOf(additionalProperties, [...path, "*"]) : []),
    ...[...anyOf, ...oneOf].flatMap((option) => settingsOf(option, path)),
  ];
}

/** The dotted paths of a value, with `*` where the schema has a name of the operator's. */
function pathsOf(value: unknown, path: string[] = []): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  const chosen = path.length === 1 && ["people", "channels", "projects", "plans"].includes(path[0] ?? "");
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = [...path, chosen ? "*" : key];
    return [...(chosen ? [] : [here.join(".")]), ...pathsOf(inner, here)];
  });
}

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const PRIVATE_KEY = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const SECRETS = {
  TWILIO_ACCOUNT_SID: "AC1",
  TWILIO_AUTH_TOKEN: "t",
  TWILIO_API_KEY: "SK1",
  TWILIO_API_SECRET: "s",
  SMTP_URL: "smtp://user:password@relay.example.com",
  SMTP_CA: rootCertificates[0] ?? "",
  DKIM_KEY: PRIVATE_KEY,
  GATEWAY_CA: rootCertificates[0] ?? "",
  GATEWAY_CERT: rootCertificates[0] ?? "",
  GATEWAY_KEY: PRIVATE_KEY,
  GATEWAY_PASSWORD: "p",
  GATEWAY_SECRET: "0123456789abcdef",
  KANNEL_PASSWORD: "p",
  NTFY_TOKEN: "tk_1",
  NTFY_PASSWORD: "p",
  SMPP_PASSWORD: "p",
  SMPP_CA: rootCertificates[0] ?? "",
  SMPP_CERT: rootCertificates[0] ?? "",
  SMPP_KEY: PRIVATE_KEY,
  SLACK_BOT_TOKEN: "xoxb-1",
  SLACK_SIGNING_SECRET: "s",
  SLACK_APP_TOKEN: "xapp-1",
  METRICS_TOKEN: "0123456789abcdef",
};
const before = { ...process.env };

describe("the repository's pausepoint.config.ts is the manual", () => {
  beforeAll(() => void Object.assign(process.env, SECRETS));
  afterAll(() => {
    for (const name of Object.keys(SECRETS)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });

  const uncommented = async () => {
    const cwd = await folderWith({ "pausepoint.config.ts": uncomment(await Bun.file(MANUAL).text()) });
    return {
      cwd,
      config: await loadConfig({ env: {}, cwd }),
      written: (await import(`${cwd}/pausepoint.config.ts`)).default,
    };
  };

  test("as it stands it sets nothing", async () => {
    const cwd = await folderWith({});
    const shipped = await loadConfig({ env: {}, cwd, explicitPath: MANUAL });
    expect(shipped).toEqual({ ...(await loadConfig({ env: {}, cwd })), source: MANUAL });
  });

  test("it holds every setting of the schema and no other, each ready to be uncommented", async () => {
    const { written } = await uncommented();
    const settings = settingsOf(z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" }));
    expect(settings).toContain("channels.*.apiBase");
    expect(settings).toContain("listen.trustProxy");
    // Of what is one of several, the manual shows one, and names the others.
    const isOneOfSeveral = (path: string) => /^channels\.\*\.(auth|body|success|permanent|retry)\./.test(path);
    const all = (paths: readonly string[]) => [...new Set(paths)].filter((path) => !isOneOfSeveral(path)).sort();
    expect(all(pathsOf(written))).toEqual(all(settings));
  });

  test("the value of a setting that has a default is the default", async () => {
    const { cwd, config, written } = await uncommented();
    const unset = await loadConfig({ env: {}, cwd: await folderWith({}) });
    for (const key of [
      "audit",
      "defaultRegion",
      "timeoutHours",
      "receipts",
      "texts",
      "mcp",
      "log",
      "webhooks",
      "retention",
      "shutdown",
      "limits",
    ] as const) {
      expect(config[key]).toEqual(unset[key]);
    }
    expect(config.dataDir).toBe(resolve(cwd, ".pausepoint"));
    const { tls, ...listen } = config.listen;
    expect(listen).toEqual(unset.listen);
    expect(config.baseUrl).toBe(unset.baseUrl);
    const { cert, key } = tls ?? { cert: "", key: "" };
    const brief = `export default { listen: { tls: { cert: "${cert}", key: "${key}" } } };`;
    expect(tls).toEqual(
      (await loadConfig({ env: {}, cwd: await folderWith({ "pausepoint.config.ts": brief }) })).listen.tls,
    );

    const { apiBase, timeoutSeconds, concurrency, senders, replies, maxSegments, tellWhenOver } = written.channels.sms;
    const unsaid = { apiBase, timeoutSeconds, concurrency, senders, replies, maxSegments, tellWhenOver };
    expect(config.channels.reserve).toMatchObject(unsaid);
    const source = `import { fallback, slack, smtp } from "pausepoint/config";
      export default { channels: {
        email: smtp({ url: "smtp://relay.example.com", from: "a@example.com" }), slack: slack({ botToken: "xoxb-1" }),
        both: fallback(["slack", "email"]) } };`;
    const { channels } = await loadConfig({ env: {}, cwd: await folderWith({ "pausepoint.config.ts": source }) });
    const { botToken: _, ...inSlack } = channels.slack as Record<string, unknown>;
    expect(written.channels.slack).toMatchObject(inSlack);
    const { url: __, from: ___, ...byMail } = channels.email as Record<string, unknown>;
    expect(written.channels.email).toMatchObject(byMail);
    expect(written.channels.oncall).toEqual({ ...channels.both, channels: ["slack", "sms"] });

    const finance = await folderWith({ "pausepoint.config.ts": "export default { projects: { finance: {} } };" });
    const { projects } = await loadConfig({ env: {}, cwd: finance });
    // What a project says of retention takes the place of the setting for all, so it has no default of its own.
    expect({ finance: { ...config.projects.finance, retention: null } }).toEqual({ ...projects } as never);
    // The manual shows the built-in plan, so that whoever uncomments it changes nothing.
    expect(config.plans.free).toEqual(unset.plans.free as never);
    const saving = 'export default { backups: { folder: "/srv/backups/pausepoint" } };';
    const saved = await loadConfig({ env: {}, cwd: await folderWith({ "pausepoint.config.ts": saving }) });
    expect(config.backups).toEqual(saved.backups);
  });

  test("no part of the schema with a default is left out of that comparison", () => {
    expect(Object.keys(configSchema.shape).sort()).toEqual(
      [
        ...[
          "audit",
          "baseUrl",
          "dataDir",
          "defaultRegion",
          "listen",
          "log",
          "mcp",
          "receipts",
          "texts",
          "timeoutHours",
          "webhooks",
          "retention",
          "shutdown",
          "limits",
        ],
        ...["channels", "people", "projects", "backups", "plans", "metrics"],
      ].sort(),
    );
  });
});
