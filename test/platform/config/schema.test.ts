import { afterAll, describe, expect, test } from "bun:test";
import { resolve } from "node:path";
import { contrast } from "../../../src/platform/config/contrast.ts";
import { configFile, load, refusal, removeFolders } from "./folder.ts";

afterAll(removeFolders);

/** The block that stands under a dotted path in the message. */
async function finding(settings: string, env: Record<string, string> = {}): Promise<string> {
  const message = await refusal(configFile(settings), { env });
  return message.slice(message.indexOf("\n") + 1);
}

const block = (path: string, found: string, allowed: string) =>
  `  ${path}\n    found    ${found}\n    allowed  ${allowed}`;
const twilio = (settings: string) =>
  `{ channels: { sms: twilio({ accountSid: "AC1", authToken: "t", from: "+13125550100", ${settings} }) } }`;

describe("a refused setting is told with its path, what was found and what is allowed", () => {
  test("a wrong value", async () => {
    expect(await finding("{ listen: { port: 99999 } }")).toBe(
      block("listen.port", "99999", "a whole number from 0 to 65535"),
    );
    expect(await finding(`{ log: { level: "loud" } }`)).toBe(
      block("log.level", `"loud"`, `"debug" or "info" or "warn" or "error"`),
    );
    expect(await finding("{ timeoutHours: 8761 }")).toBe(
      block("timeoutHours", "8761", "a number above 0 and at most 8760 (a year)"),
    );
  });

  test("the first line names the file and says what to do", async () => {
    expect(await refusal(configFile("{ listen: 7 }"))).toMatch(
      /^Correct the configuration \(\/.*\/pausepoint\.config\.ts\)\.\n/,
    );
  });

  test("several at once, and an item of a list by its position", async () => {
    const message = await finding(`{ timeoutHours: "4", listen: { trustProxy: ["10.0.0.0/8", "10.0.0.0/33"] } }`);
    expect(message).toContain('  listen.trustProxy[1]\n    found    "10.0.0.0/33"');
    expect(message).toContain('  timeoutHours\n    found    "4"');
  });

  test("an unknown setting, with those that are known and the nearest one", async () => {
    expect(await finding("{ listn: {} }")).toBe(
      block(
        "listn",
        "an empty object, but this version has no such setting",
        "baseUrl, listen, dataDir, defaultRegion, timeoutHours, people, channels, webhooks, projects, backups, plans, limits, receipts, retention, texts, audit, mcp, metrics, log, shutdown; did you mean listen?",
      ),
    );
    expect(await finding("{ listen: { prot: 1 } }")).toContain(
      "allowed  host, port, trustProxy, tls; did you mean port?",
    );
    expect(await finding("{ texts: { fax: 1 } }")).toEndWith("allowed  sms");
  });

  test.each(["metrics", "plan"])("%s, which this version does not read, is refused", async (section) => {
    expect(await finding(`{ ${section}: {} }`)).toStartWith(`  ${section}\n`);
  });

  test("a variable or flag under its own name", async () => {
    expect(await finding("{ listen: { port: 1 } }", { PAUSEPOINT_PORT: "80a" })).toBe(
      block("PAUSEPOINT_PORT", `"80a"`, "a whole number from 0 to 65535"),
    );
    expect(await refusal({}, { env: { PAUSEPOINT_BASE_URL: "approve.example.com" } })).toStartWith(
      "Correct the configuration (PAUSEPOINT_BASE_URL).\n  PAUSEPOINT_BASE_URL\n",
    );
    expect(await refusal({}, { env: { PAUSEPOINT_PORT: "1" }, flags: { port: "70000" } })).toContain(
      "  --port\n    found    70000",
    );
    expect(await refusal({}, { flags: { data: "" } })).toContain(`  --data\n    found    ""`);
    expect(await refusal(configFile("{ listen: 7 }"), { env: { PAUSEPOINT_PORT: "1" } })).toContain(
      "  listen\n    found    7",
    );
  });
});

describe("secrets are described, never repeated", () => {
  const SECRET = "0123456789abcdef0123456789abcdef";

  test.each([
    ["the wrong kind of key", twilio(`apiKey: "${SECRET}", apiSecret: "s"`), "channels.sms.apiKey"],
    ["an unknown key", twilio(`authTokn: "${SECRET}"`), "channels.sms.authTokn"],
    ["a secret under another key", twilio(`messagingServiceSid: "${SECRET}"`), "channels.sms.messagingServiceSid"],
  ])("%s", async (_, settings, path) => {
    const message = await finding(settings);
    expect(message).toContain(path);
    expect(message).toContain("a string of 32 characters");
    expect(message).not.toContain(SECRET);
  });

  test("a short token, an auth token beside an API key, and a password in an address", async () => {
    expect(await finding(twilio(`apiKey: "hunter2"`))).not.toContain("hunter2");
    expect(await finding(twilio(`apiKey: "SKhunter2"`))).not.toContain("hunter2");
    expect(await finding(`{ baseUrl: "https://me:hunter2@approve.example.com" }`)).toContain(
      `found    "https://…@approve.example.com"`,
    );
  });

  test("a relay's password that holds a slash, and a key that signs mail", async () => {
    const relay = (settings: string) => `{ channels: { email: smtp({ from: "a@example.com", ${settings} }) } }`;
    const message = await finding(relay(`url: "smtp://user:hunting/ter2@relay"`));
    expect(message).toContain(`found    "smtp://…@relay"`);
    expect(message).not.toContain("hunting");
    const key = "-----BEGIN PRIVATE KEY----- hunter2";
    const signed = `url: "smtp://relay", dkim: { domain: "example.com", selector: "s", privateKey: "${key}" }`;
    expect(await finding(relay(signed))).toContain(
      "channels.email.dkim.privateKey\n    found    a string of 35 characters",
    );
  });

  test("a secret whose variable is not set is missed, and the variable is asked after; one that is not written is not", async () => {
    const message = (token: string) =>
      finding(`{ channels: { sms: twilio({ accountSid: "AC1", ${token} from: "123" }) } }`);
    const allowed = "a string that is not empty";
    expect(await message("authToken: process.env.NO_SUCH_TOKEN,")).toBe(
      block("channels.sms.authToken", "nothing; is a variable of the environment not set?", allowed),
    );
    expect(await message(`authToken: "",`)).not.toContain("environment");
    expect(await finding("{ people: { cfo: { sms: '+13128471928' } } }")).toContain(
      "people.cfo.name\n    found    nothing\n",
    );
    expect(await finding("{ listen: { trustProxy: [process.env.NO_SUCH_NETWORK] } }")).toContain(
      "listen.trustProxy[0]\n    found    nothing; is a variable of the environment not set?\n",
    );
  });
});

describe("channels", () => {
  test("only what a maker of this version returns is a channel", async () => {
    const allowed =
      "what a channel's maker returns: twilio, smpp, httpGateway, kannel, smtp, slack, whatsapp, ntfy, defineChannel or fallback";
    expect(await finding(`{ channels: { sms: { kind: "pager", password: "p" } } }`)).toBe(
      block("channels.sms", "an object with kind, password", allowed),
    );
    expect(await finding(`{ channels: { sms: { accountSid: "AC1" } } }`)).toBe(
      block("channels.sms", "an object with accountSid", allowed),
    );
    expect(await finding("{ channels: { sms: 7 } }")).toBe(block("channels.sms", "7", allowed));
  });

  test("of the operator's own is checked as any other, and its secrets are not repeated", async () => {
    const own = (more: string, name = "pager") =>
      finding(`{ channels: { ${name}: defineChannel({ addressKind: "phone", send: async () => null, ${more} }) } }`);
    expect(await own("send: 7")).toBe(
      block("channels.pager.send", "7", "a function (message, signal, tools) => a promise of { outcome }"),
    );
    expect(await own("sned: 7")).toContain("did you mean send?");
    expect(await own(`addressKind: "fax"`)).toContain(`allowed  "phone" or "email" or "slack" or "topic" or "text"`);
    expect(await own(`replies: "code"`)).toContain(`allowed  "off", since there is neither receive nor connect`);
    expect(await own("secrets: [process.env.NO_SUCH_SECRET]")).toContain(
      "channels.pager.secrets[0]\n    found    nothing",
    );
    expect(await own("maxSegments: 11")).toContain("channels.pager.maxSegments");
    expect(await own(`addressKind: "text"`, "sms")).toBe(
      block(
        "channels.sms",
        "an object with addressKind, send, kind",
        "a channel that sends texts: this defineChannel({ … }) sends texts to addresses of its own",
      ),
    );
    const { channels } = await load(
      configFile(`{ channels: { sms: defineChannel({ addressKind: "phone", send: async () => null }) } }`),
    );
    expect(channels.sms).toMatchObject({ kind: "defined", replies: "off", maxSegments: null, timeoutSeconds: 15 });
  });

  test("a person's address for a channel names one that is configured, and no fallback", async () => {
    const own = (addresses: string) =>
      finding(`{ people: { cfo: { name: "CFO", addresses: ${addresses} } }, channels: {
        desk: defineChannel({ addressKind: "text", send: async () => null }),
        pager: defineChannel({ addressKind: "text", send: async () => null }), both: fallback(["desk", "pager"]) } }`);
    const allowed = "the name of a channel that is configured, and no fallback";
    expect(await own(`{ desk: "7", pagr: "123456" }`)).toBe(block("people.cfo.addresses.pagr", `"123456"`, allowed));
    expect(await own(`{ both: "7" }`)).toBe(block("people.cfo.addresses.both", `"7"`, allowed));
    expect(await own(`{ constructor: "7" }`)).toContain(allowed);
  });

  test.each(["email", "slack", "whatsapp"])("Twilio's texts can't be the channel %s", async (name) => {
    expect(await finding(twilio("").replace("sms:", `${name}:`))).toContain(`channels.${name}\n`);
  });

  test("a name that a request could not use is refused", async () => {
    expect(await finding(twilio("").replace("sms:", `"On call":`))).toBe(
      block(`channels."On call"`, `the name "On call"`, "a name of 1 to 32 of a-z, 0-9, _ and -, with a letter first"),
    );
  });

  test.each([
    [
      "no credentials",
      `accountSid: "AC1", from: "123"`,
      "authToken",
      "authToken, or apiKey with apiSecret: one of the two is needed",
    ],
    [
      "a key without its secret",
      `accountSid: "AC1", from: "123", apiKey: "SK1"`,
      "apiSecret",
      "the secret that belongs to apiKey",
    ],
    [
      "no sender",
      `accountSid: "AC1", authToken: "t"`,
      "from",
      "from, or messagingServiceSid: one of the two is needed",
    ],
    [
      "both senders",
      `accountSid: "AC1", authToken: "t", from: "123", messagingServiceSid: "MG1"`,
      "messagingServiceSid",
      "from, or messagingServiceSid, not both",
    ],
  ])("twilio with %s", async (_, settings, key, allowed) => {
    const message = await finding(`{ channels: { sms: twilio({ ${settings} }) } }`);
    expect(message).toStartWith(`  channels.sms.${key}\n`);
    expect(message).toEndWith(`allowed  ${allowed}`);
  });

  test.each([
    ["from", `"+1 312 555 0100"`],
    ["from", `"A sender that is too long"`],
    ["apiBase", `"ftp://127.0.0.1"`],
    ["timeoutSeconds", "0"],
    ["concurrency", "1.5"],
  ])("twilio with %s: %s", async (key, value) => {
    expect(await finding(twilio(`${key}: ${value}`))).toStartWith(`  channels.sms.${key}\n`);
  });

  test("a gateway of one's own is taken without its closing slash", async () => {
    const { channels } = await load(configFile(twilio(`apiBase: "http://127.0.0.1:4010/"`)));
    expect(channels.sms).toMatchObject({ apiBase: "http://127.0.0.1:4010" });
  });
});

describe("what a channel's name promises, and what stands behind it", () => {
  const texts = `twilio({ accountSid: "AC1", authToken: "t", from: "123" })`;
  const mail = `smtp({ url: "smtp://relay.example.com", from: "a@example.com" })`;
  const chats = `whatsapp({ accountSid: "AC1", authToken: "t", from: "+13125550100", templates: { link: "HX1" } })`;
  const chat = `slack({ botToken: "xoxb-1" })`;

  test.each([
    ["email", texts, "a channel that sends email: twilio({ … }) sends texts"],
    ["sms", mail, "a channel that sends texts: smtp({ … }) sends email"],
    ["slack", mail, "a channel that sends Slack messages: smtp({ … }) sends email"],
    ["whatsapp", texts, "a channel that sends WhatsApp messages: twilio({ … }) sends texts"],
    ["sms", chats, "a channel that sends texts: whatsapp({ … }) sends WhatsApp messages"],
    ["wa", chats, "the name whatsapp for whatsapp({ … })"],
    ["outbox", texts, "another name: outbox is where test messages are kept"],
  ])("%s is not %s", async (name, maker, allowed) => {
    const message = await finding(`{ channels: { ${name}: ${maker} } }`);
    expect(message).toStartWith(`  channels.${name}\n`);
    expect(message).toEndWith(`allowed  ${allowed}`);
  });

  test("a name of one's own takes any", async () => {
    const { channels } = await load(configFile(`{ channels: { a: ${texts}, b: ${mail}, c: ${chat} } }`));
    expect(Object.values(channels).map(({ kind }) => kind)).toEqual(["twilio", "smtp", "slack"]);
  });

  test.each([
    [`["sms", "pager"]`, "channels.oncall.channels[1]"],
    [`["sms", "oncall"]`, "channels.oncall.channels[1]"],
    [`["sms", "sms"]`, "channels.oncall.channels[1]"],
    [`["sms"]`, "channels.oncall.channels"],
    [`["sms", "email", "sms", "email", "sms", "email"]`, "channels.oncall.channels"],
  ])("a fallback over %s is refused at %s", async (steps, path) => {
    const settings = `{ channels: { sms: ${texts}, email: ${mail}, oncall: fallback(${steps}) } }`;
    expect(await finding(settings)).toContain(`  ${path}\n`);
  });

  test.each(["0", "1441", "1.5"])("a fallback after %s minutes is refused", async (minutes) => {
    const oncall = `fallback(["sms", "email"], { afterMinutes: ${minutes} })`;
    expect(await finding(`{ channels: { sms: ${texts}, email: ${mail}, oncall: ${oncall} } }`)).toStartWith(
      "  channels.oncall.afterMinutes\n",
    );
  });
});

describe("webhooks", () => {
  test.each([
    ["allowNetworks[0]", `allowNetworks: ["10.0.0.0/33"]`],
    ["retrySeconds[1]", "retrySeconds: [5, 0]"],
    ["retrySeconds[0]", "retrySeconds: [86_401]"],
    ["retrySeconds", "retrySeconds: Array(21).fill(5)"],
    ["retrySecond", "retrySecond: [5]"],
  ])("with a wrong %s are refused there", async (path, settings) => {
    expect(await finding(`{ webhooks: { ${settings} } }`)).toStartWith(`  webhooks.${path}\n`);
  });

  test("may be told once and never again", async () => {
    expect(await load(configFile("{ webhooks: { retrySeconds: [] } }"))).toMatchObject({
      webhooksConfigured: true,
      webhooks: { retrySeconds: [], allowNetworks: [] },
    });
  });
});

describe("every other setting", () => {
  test.each([
    ["baseUrl", `{ baseUrl: "https://approve.example.com/pausepoint" }`],
    ["baseUrl", `{ baseUrl: "approve.example.com" }`],
    ["baseUrl", `{ baseUrl: undefined }`],
    ["listen.host", `{ listen: { host: "a b" } }`],
    ["listen.trustProxy[0]", `{ listen: { trustProxy: ["proxy"] } }`],
    ["listen.tls.key", `{ listen: { tls: { cert: "cert.pem" } } }`],
    ["listen.tls.minVersion", `{ listen: { tls: { cert: "c", key: "k", minVersion: "1.1" } } }`],
    ["listen.tls.hstsDays", `{ listen: { tls: { cert: "c", key: "k", hstsDays: -1 } } }`],
    ["defaultRegion", `{ defaultRegion: "us" }`],
    ["defaultRegion", `{ defaultRegion: "ZZ" }`],
    ["timeoutHours", "{ timeoutHours: 0 }"],
    ["receipts.validHours", "{ receipts: { validHours: 0 } }"],
    ["receipts.validHours", "{ receipts: { validHours: 8761 } }"],
    ["people.cfo.name", "{ people: { cfo: {} } }"],
    ["people.cfo.sms", `{ people: { cfo: { name: "C", sms: "312 847 1928" } } }`],
    ["people.cfo.sms", `{ people: { cfo: { name: "C", sms: "+1 312" } } }`],
    ["people.cfo.email", `{ people: { cfo: { name: "C", email: "cfo" } } }`],
    ["people.cfo.slack", `{ people: { cfo: { name: "C", slack: "@cfo" } } }`],
    [`people."@cfo"`, `{ people: { "@cfo": { name: "C" } } }`],
    ["projects.p.displayName", `{ projects: { p: { displayName: " P" } } }`],
    ["projects.p.timeZone", `{ projects: { p: { timeZone: "Mars/Olympus" } } }`],
    ["projects.p.timeZone", `{ projects: { p: { timeZone: "+02:00" } } }`],
    ["texts.sms", `{ texts: { sms: "{message}" } }`],
    ["texts.sms", `{ texts: { sms: "{link}" } }`],
    ["texts.sms", `{ texts: { sms: "{message} {link} {sender}" } }`],
    ["texts.sms", `{ texts: { sms: "{message} {message} {link}" } }`],
    ["log.format", `{ log: { format: "xml" } }`],
    ["log.requests", `{ log: { requests: "off" } }`],
    ["metrics", "{ metrics: {} }"],
    ["metrics.token", `{ metrics: { token: "short" } }`],
    ["metrics.token", `{ metrics: { token: undefined } }`],
    ["metrics.token", `{ metrics: { token: "0123456789 abcdef" } }`],
    ["metrics.listen.port", "{ metrics: { listen: {} } }"],
  ])("%s is refused in %s", async (path, settings) => {
    expect(await finding(settings)).toStartWith(`  ${path}\n`);
  });

  test("a template may name the project", async () => {
    const { texts } = await load(configFile(`{ texts: { sms: "{project} asks: {message}\\n{link}" } }`));
    expect(texts.sms).toBe("{project} asks: {message}\n{link}");
  });

  test("an accent must be readable on the page", async () => {
    expect((await load(configFile(`{ projects: { p: { accent: "#6f6f6f" } } }`))).projects.p?.accent).toBe("#6f6f6f");
    expect(await finding(`{ projects: { p: { accent: "#737373" } } }`)).toStartWith("  projects.p.accent\n");
    expect(await finding(`{ projects: { p: { accent: "navy" } } }`)).toStartWith("  projects.p.accent\n");
    expect(contrast("#000000", "#ffffff")).toBeCloseTo(21);
  });

  test("the page that an accent is measured against is the page that is served", async () => {
    const css = await Bun.file(resolve(import.meta.dir, "../../../public/tokens.css")).text();
    const paper = /--paper: (#[0-9a-f]{6});/.exec(css)?.[1];
    expect(await finding(`{ projects: { p: { accent: "#ffffff" } } }`)).toEndWith(`with the page, ${paper}`);
  });

  const svg = (inside: string) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">${inside}</svg>`;
  const logo = (text: string) => `{ projects: { p: { logo: ${JSON.stringify(text)} } } }`;

  test("a logo is a small drawing by itself", async () => {
    const drawing = svg(`<defs><path id="a" d="M0 0h1v1z"/></defs><use href="#a" fill="url(#b)"/>`);
    expect((await load(configFile(logo(drawing)))).projects.p?.logo).toBe(drawing);
  });

  test.each([
    ["too large", svg("é".repeat(2048))],
    ["no SVG", "logo.svg"],
    ["with a script", svg("<script>1</script>")],
    ["with a handler", svg(`<g onload="x()"/>`)],
    ["with a style", svg(`<g style="fill:red"/>`)],
    ["with a link", svg(`<use href="https://cdn.example/a.svg#a"/>`)],
    ["with an outside colour", svg(`<g fill="url(https://cdn.example/a)"/>`)],
  ])("a logo %s is refused", async (_, text) => {
    expect(await finding(logo(text))).toStartWith("  projects.p.logo\n");
  });
});
