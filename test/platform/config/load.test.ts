import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { listenUrl } from "../../../src/platform/config/listen.ts";
import { loadConfig } from "../../../src/platform/config/load.ts";
import { projectAppearance } from "../../../src/platform/config/schema.ts";
import { configFile, folderWith, load, refusal, removeFolders } from "./folder.ts";

afterAll(removeFolders);

const CHANNEL = `twilio({ accountSid: "AC1", authToken: "t", from: "+13125550100" })`;

describe("where the configuration is found", () => {
  test("without any file every setting has its default", async () => {
    const cwd = await folderWith({});
    const config = await loadConfig({ env: {}, cwd });
    expect({
      ...config,
      people: { ...config.people },
      channels: { ...config.channels },
      projects: { ...config.projects },
      plans: { ...config.plans },
    }).toEqual({
      baseUrl: "http://127.0.0.1:8787",
      listen: { host: "127.0.0.1", port: 8787, trustProxy: [] },
      dataDir: join(cwd, ".pausepoint"),
      defaultRegion: "US",
      timeoutHours: 24,
      people: {},
      channels: {},
      projects: {},
      plans: {
        free: { pausesPerMonth: 50, channels: ["sms"], maxTimeoutHours: 24, webhooks: false },
        pro: { pausesPerMonth: 5_000, channels: ["sms", "email", "slack"], maxTimeoutHours: 720, webhooks: true },
      },
      limits: { timeZone: "UTC", requestsPerSecond: 100, messagesPerHour: 20, unknownKeysPerMinute: 60 },
      receipts: { validHours: 24 },
      retention: { contentDays: null, auditDays: null },
      audit: { witnesses: [], everyMinutes: 5, drop: null },
      texts: { sms: "PausePoint: {message}\n\nAnswer: {link}" },
      mcp: { hosts: [] },
      log: { level: "info", format: "text", requests: "debug" },
      shutdown: { graceSeconds: 8, announceSeconds: 0 },
      source: null,
      channelsConfigured: false,
      webhooks: {
        allowNetworks: [],
        retrySeconds: [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000],
      },
      webhooksConfigured: false,
      baseUrlConfigured: false,
      secret: null,
    });
  });

  test("--config wins over PAUSEPOINT_CONFIG, which wins over the file in the folder", async () => {
    const cwd = await folderWith({
      ...configFile("{ timeoutHours: 1 }"),
      "variable.ts": "export default { timeoutHours: 2 };",
      "flag.ts": "export default { timeoutHours: 3 };",
    });
    const env = { PAUSEPOINT_CONFIG: "variable.ts" };
    expect(await loadConfig({ env: {}, cwd })).toMatchObject({
      timeoutHours: 1,
      source: join(cwd, "pausepoint.config.ts"),
    });
    expect(await loadConfig({ env, cwd })).toMatchObject({ timeoutHours: 2, source: join(cwd, "variable.ts") });
    expect(await loadConfig({ env, cwd, explicitPath: "flag.ts" })).toMatchObject({
      timeoutHours: 3,
      source: join(cwd, "flag.ts"),
    });
  });

  test("a file that was named but is not there stops the start, and an empty variable names none", async () => {
    expect(await refusal({}, { explicitPath: "/nowhere/a.ts" })).toBe(
      "Name an existing file in --config: there is no /nowhere/a.ts.",
    );
    expect(await refusal({}, { env: { PAUSEPOINT_CONFIG: "/nowhere/b.ts" } })).toContain(
      "PAUSEPOINT_CONFIG: there is no /nowhere/b.ts",
    );
    expect(await load({}, { env: { PAUSEPOINT_CONFIG: "", PAUSEPOINT_PORT: "" } })).toMatchObject({ source: null });
  });

  test("the file may import its neighbours", async () => {
    const config = await load({
      ...configFile("{ people }"),
      "pausepoint.config.ts": `import { defineConfig } from "pausepoint/config";\nimport { people } from "./people.ts";\nexport default defineConfig({ people });`,
      "people.ts": `export const people: Record<string, { name: string }> = { cfo: { name: "Chief Financial Officer" } };`,
    });
    expect(config.people.cfo?.name).toBe("Chief Financial Officer");
  });
});

describe("what is made of it", () => {
  test("a relative data folder counts from the file, the default from the folder of the start", async () => {
    const folder = await folderWith({
      "etc/given.ts": `export default { dataDir: "store" };`,
      "etc/none.ts": "export default {};",
    });
    const cwd = join(folder, "elsewhere");
    mkdirSync(cwd);
    const at = (name: string, env = {}) => loadConfig({ env, cwd, explicitPath: join(folder, "etc", name) });
    expect((await at("given.ts")).dataDir).toBe(join(folder, "etc/store"));
    expect((await at("none.ts")).dataDir).toBe(join(cwd, ".pausepoint"));
    expect((await at("given.ts", { PAUSEPOINT_DATA: "mine" })).dataDir).toBe(join(cwd, "mine"));
  });

  test("variables win over the file and flags over both", async () => {
    const cwd = await folderWith(
      configFile(`{ baseUrl: "https://file.example", listen: { port: 1, trustProxy: ["10.0.0.1"] } }`),
    );
    const env = {
      PAUSEPOINT_PORT: "2",
      PAUSEPOINT_HOST: "0.0.0.0",
      PAUSEPOINT_BASE_URL: "https://variable.example/",
      PAUSEPOINT_DATA: "/v",
    };
    const flags = { port: "3", host: "::1", data: "/f" };
    expect(await loadConfig({ env: {}, cwd })).toMatchObject({
      baseUrl: "https://file.example",
      listen: { port: 1, host: "127.0.0.1" },
    });
    expect(await loadConfig({ env, cwd })).toMatchObject({
      baseUrl: "https://variable.example",
      dataDir: "/v",
      listen: { port: 2, host: "0.0.0.0", trustProxy: ["10.0.0.1/32"] },
    });
    expect(await loadConfig({ env, cwd, flags })).toMatchObject({ dataDir: "/f", listen: { port: 3, host: "::1" } });
  });

  test("without a base address, links lead to the address it listens on", async () => {
    expect(await load({}, { env: { PAUSEPOINT_HOST: "0.0.0.0", PAUSEPOINT_PORT: "9000" } })).toMatchObject({
      baseUrl: "http://127.0.0.1:9000",
      baseUrlConfigured: false,
    });
    expect(listenUrl({ host: "::", port: 80 })).toBe("http://[::1]");
    expect(listenUrl({ host: "approve.internal", port: 8787 })).toBe("http://approve.internal:8787");
  });

  test("with a certificate they start with https, and its files count from the configuration's folder", async () => {
    const listen = `{ port: 9443, tls: { cert: "tls/chain.pem", key: "/etc/tls/key.pem" } }`;
    const cwd = await folderWith({ "inner/own.ts": `export default { listen: ${listen} };` });
    const config = await loadConfig({ env: {}, cwd, explicitPath: "inner/own.ts" });
    expect(config).toMatchObject({
      baseUrl: "https://127.0.0.1:9443",
      listen: {
        tls: { cert: join(cwd, "inner/tls/chain.pem"), key: "/etc/tls/key.pem", minVersion: "1.2", hstsDays: 365 },
      },
    });
  });

  test("an empty list of channels is configured, no list is not", async () => {
    expect(await load(configFile("{}"))).toMatchObject({ channelsConfigured: false });
    expect(await load(configFile("{ channels: {} }"))).toMatchObject({ channelsConfigured: true });
  });

  test("a Twilio channel has its defaults filled in", async () => {
    const { channels } = await load(configFile(`{ channels: { sms: ${CHANNEL} } }`));
    expect(channels.sms).toEqual({
      kind: "twilio",
      accountSid: "AC1",
      authToken: "t",
      from: "+13125550100",
      apiBase: "https://api.twilio.com",
      senders: {},
      replies: "code",
      maxSegments: 2,
      tellWhenOver: false,
      timeoutSeconds: 15,
      concurrency: 8,
    });
  });

  test("the phone numbers of people become E.164", async () => {
    const { people } = await load(configFile(`{ people: { cfo: { name: "C", sms: "+1 (312) 847-1928" } } }`));
    expect(people.cfo?.sms).toBe("+13128471928");
  });

  test("nothing can be changed afterwards, at any depth", async () => {
    const config = await load(configFile(`{ listen: { trustProxy: ["10.0.0.0/8"] }, channels: { sms: ${CHANNEL} } }`));
    for (const part of [config, config.listen, config.listen.trustProxy, config.channels, config.channels.sms]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  test("only names that the operator wrote are found", async () => {
    const config = await load(configFile(`{ people: {}, channels: {}, projects: {} }`));
    for (const name of ["constructor", "toString", "__proto__"]) {
      expect(config.people[name]).toBeUndefined();
      expect(config.channels[name]).toBeUndefined();
      expect(config.projects[name]).toBeUndefined();
    }
  });

  test("a project appears under its display name, else its own name, and the default one as PausePoint", async () => {
    const config = await load(
      configFile(`{ projects: { finance: { displayName: "Finance" }, legal: { timeZone: "Europe/Berlin" } } }`),
    );
    expect(projectAppearance(config, "finance").displayName).toBe("Finance");
    expect(projectAppearance(config, "legal")).toEqual({
      displayName: "legal",
      logo: null,
      accent: null,
      timeZone: "Europe/Berlin",
      retention: null,
    });
    expect(projectAppearance(config, "unnamed")).toEqual({
      displayName: "unnamed",
      logo: null,
      accent: null,
      timeZone: "UTC",
      retention: null,
    });
    expect(projectAppearance(config, "default").displayName).toBe("PausePoint");
  });
});

describe("a file that can't be run is explained", () => {
  const only = (text: string) => ({ "pausepoint.config.ts": text });

  test("a mistake of syntax, with its place", async () => {
    const message = await refusal(only("export default {\n  a: 1,,\n};\n"));
    expect(message).toStartWith("Correct the syntax of /");
    expect(message).toMatch(/pausepoint\.config\.ts:2:8: /);
    expect(await refusal(only("export default {"))).toMatch(/pausepoint\.config\.ts:1:\d+: /);
  });

  test("a channel that this version has not", async () => {
    const message = await refusal(
      only(`import { defineConfig, pager } from "pausepoint/config";\nexport default defineConfig({ x: pager });`),
    );
    expect(message).toEndWith(
      "in this version pausepoint/config has only defineChannel, defineConfig, fallback, gatewayPresets, httpGateway, kannel, ntfy, slack, smpp, smtp, twilio and whatsapp.",
    );
  });

  test("an export that a neighbour has not", async () => {
    const message = await refusal({
      ...only(`import { a } from "./b.ts";\nexport default a;`),
      "b.ts": "export const b = 1;",
    });
    expect(message).toMatch(/^Correct the import of a in .*b\.ts has no such export\.$/);
  });

  test("a package and a neighbour that are not there", async () => {
    expect(await refusal(only(`import x from "no-such-package-here";\nexport default x;`))).toContain(
      `install the package beside the file: "no-such-package-here", imported by /`,
    );
    expect(await refusal(only(`import x from "./gone.ts";\nexport default x;`))).toMatch(
      /^Put the file there.*"\.\/gone\.ts"/,
    );
  });

  test("its own error, with its place", async () => {
    const message = await refusal(only(`\nthrow new RangeError("no secret at /run/secrets");\nexport default {};`));
    expect(message).toMatch(
      /it stopped with an error of its own\.\n {2}\/.*pausepoint\.config\.ts:2:\d+: RangeError: no secret at/,
    );
    expect(await refusal(only(`throw "bare";\nexport default {};`))).toEndWith("\n  bare");
  });

  test("no default export, and one that is no configuration", async () => {
    expect(await refusal(only("export const a = 1;"))).toMatch(
      /^Give .* a default export: export default defineConfig/,
    );
    const message = await refusal(only("export default 7;"), { env: { PAUSEPOINT_PORT: "1" } });
    expect(message).toContain(
      "the default export\n    found    7\n    allowed  an object with the settings baseUrl, listen,",
    );
  });
});
