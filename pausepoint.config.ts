// Everything that can be set, each with its default and its meaning. Nothing has to be set: without this file, or with
// an empty defineConfig({}), PausePoint runs on this machine alone and keeps its messages in the built-in outbox.
//
// To set something, take the two slashes off its line and off the lines that enclose it. A setting is a line with no
// space, or with two and more, after its slashes. A value under "Example" is one, the others are the defaults.
//
// The file is run by PausePoint itself when it starts, with its rights. It is TypeScript: it may import files beside it
// and read secrets from process.env or from files. An unknown or wrong setting stops the start, which says where, what
// it found and what is allowed. `pausepoint config check` says the same without starting.
//
// PausePoint looks for it at --config, else at $PAUSEPOINT_CONFIG, else in the folder that it is started from.
// PAUSEPOINT_BASE_URL, PAUSEPOINT_DATA, PAUSEPOINT_HOST and PAUSEPOINT_PORT win over what stands here; the flags
// --data, --host and --port win over both.

import { defineConfig } from "pausepoint/config";
//import { defineChannel, fallback, httpGateway, kannel, ntfy, slack, smpp, smtp, twilio, whatsapp } from "pausepoint/config";

// biome-ignore format: the blank lines between the settings are to stay.
export default defineConfig({
  // What every link starts with: the address at which the phones of the people who are asked reach this server.
  // http:// or https:// and a host, nothing after it. Default: the address it listens on, below.
  //baseUrl: "http://127.0.0.1:8787",

  //listen: {
  //  // The address to listen on. 127.0.0.1 is this machine only, with a reverse proxy in front; 0.0.0.0 is every one.
  //  host: "127.0.0.1",
  //  // The TCP port, 0 to 65535. 0 takes any that is free.
  //  port: 8787,
  //  // Networks, in CIDR notation, whose X-Forwarded-For is believed: those of your reverse proxy, such as
  //  // "127.0.0.1/32". Default: nobody's. docs/reverse-proxies.md has whole files for Caddy and nginx.
  //  trustProxy: [],
  //  // Speak https without a proxy. Files that change are read again within half a minute, without a restart; a broken
  //  // pair changes nothing, and the log says why. Default: plain http. Example:
  //  tls: {
  //    // The certificate in PEM, followed by those between it and its authority. A relative path counts from this file.
  //    cert: "/etc/pausepoint/tls/fullchain.pem",
  //    // Its private key in PEM, without a passphrase, which PausePoint's user can read.
  //    key: "/etc/pausepoint/tls/privkey.pem",
  //    // The oldest TLS that is spoken: "1.2" or "1.3".
  //    minVersion: "1.2",
  //    // For how many days browsers shall insist on https for this host (Strict-Transport-Security), 0 to 730. 0 has
  //    // them forget it.
  //    hstsDays: 365,
  //  },
  //},

  // The folder of the database and of the generated secrets. A relative path here counts from the folder of this file;
  // the default counts from the folder that PausePoint is started from.
  //dataDir: "./.pausepoint",

  // The country of a phone number that a request gives without one: two capital letters (ISO 3166-1).
  //defaultRegion: "US",

  // How long a pause waits for an answer if its request does not say: above 0, at most 8760, fractions allowed.
  //timeoutHours: 24,

  // Who can be asked by name: "@cfo" as a recipient. A name has 1 to 63 letters, digits, _, . and -, and starts with a
  // letter or digit. Of the addresses, give those that you have. Default: nobody. Example:
  //people: {
  //  cfo: {
  //    // What this person is called in lists and logs. The one setting that is needed.
  //    name: "Chief Financial Officer",
  //    // The number for texts, with + and the country's code.
  //    sms: "+13128471928",
  //    email: "cfo@example.com",
  //    // A Slack user or channel id.
  //    slack: "U012AB3CD",
  //    // An ntfy topic that this person alone knows: whoever knows it can read what is sent to it.
  //    push: "pausepoint-cfo-7f3a91",
  //    // The number for WhatsApp, with + and the country's code.
  //    whatsapp: "+13128471928",
  //    // An address of its own for a channel, by the channel's name; it goes before those above: { pager: "123456" }.
  //    addresses: {},
  //  },
  //},

  // What the `channel` of a request stands for: a name of your own, or sms. A name has 1 to 32 of a-z, 0-9, _ and -,
  // and starts with a letter. Default: none is set, and every message stays in the built-in outbox. Once this is set,
  // live keys no longer use the outbox: a channel that is missing here is refused. Test keys always use it. What makes a
  // channel has to be imported: take the slashes off the second import above too. docs/channels.md says what to set up
  // at Twilio, at your mail relay, in Slack and for WhatsApp. Example:
  //channels: {
  //  sms: twilio({
  //    // The account that pays for the texts. Starts with AC.
  //    accountSid: process.env.TWILIO_ACCOUNT_SID,
  //    // The account's auth token; or apiKey with apiSecret, as below.
  //    authToken: process.env.TWILIO_AUTH_TOKEN,
  //    // The sender: a number with + and digits only, a short code, or a name of at most 11 characters; or
  //    // messagingServiceSid, as below.
  //    from: "+13125550100",
  //    // A sender of its own for the people of a country (ISO 3166-1): { GB: "+447700900123", FR: "ACME" }.
  //    senders: {},
  //    // What a text someone writes back can do: "code" answers the question whose code it holds; "open" may leave the
  //    // code out while one question alone waits for that number, which is your own risk, since senders can be forged;
  //    // "off" answers nothing. Replies and receipts need authToken, and in Twilio's console the inbound webhook
  //    // <baseUrl>/hooks/<channel>/inbound (HTTP POST).
  //    replies: "code",
  //    // How many segments a text may take, 1 to 10, where the message can be shortened to it.
  //    maxSegments: 2,
  //    // Whether those who were asked get a text when somebody else answers or the question is withdrawn.
  //    tellWhenOver: false,
  //    // Where Twilio's API is. Another address is of use behind a proxy of your own, and in tests.
  //    apiBase: "https://api.twilio.com",
  //    // How long one attempt may take, 1 to 120 seconds.
  //    timeoutSeconds: 15,
  //    // How many texts may be on their way to Twilio at once, 1 to 100.
  //    concurrency: 8,
  //  }),
  //  reserve: twilio({
  //    accountSid: process.env.TWILIO_ACCOUNT_SID,
  //    // An API key (starts with SK) and its secret, in place of the auth token. With an authToken beside it, receipts
  //    // and replies can be verified too.
  //    apiKey: process.env.TWILIO_API_KEY,
  //    apiSecret: process.env.TWILIO_API_SECRET,
  //    // A messaging service (starts with MG) that chooses the sender, in place of from.
  //    messagingServiceSid: "MG00000000000000000000000000000000",
  //  }),
  //  // Texts over SMPP 3.4, to a carrier or an aggregator; docs/smpp.md says what to ask them.
  //  carrier: smpp({
  //    // smpp://host:2775, or ssmpp:// for TLS from the first byte.
  //    url: "ssmpp://smsc.example.com:3550",
  //    systemId: "pausepoint",
  //    password: process.env.SMPP_PASSWORD,
  //    // Some carriers want one. Default: none.
  //    systemType: "",
  //    // The sender: a number with +, a short code, a name of at most 11 characters, or "" where the carrier sets it.
  //    from: "+13125550100",
  //    // A sender of its own for the people of a country.
  //    senders: {},
  //    // One connection for both ways, or one for each: "transceiver" or "transmitter+receiver".
  //    bind: "transceiver",
  //    // With ssmpp://: in PEM, the authorities that sign the carrier's certificate (default: the public ones), this
  //    // client's own certificate and its key; and the name that the carrier's must hold (default: the host in url).
  //    tls: { ca: process.env.SMPP_CA, serverName: "smsc.example.com", cert: process.env.SMPP_CERT, key: process.env.SMPP_KEY },
  //    // Parts without an answer at once, 1 to 1000; and parts in a second, 0 to 10000, where 0 is no limit.
  //    window: 10,
  //    partsPerSecond: 5,
  //    // "auto" is GSM-7 where that has every character, else UCS-2; or "gsm7", "latin1", "ucs2".
  //    charset: "auto",
  //    // The carrier's numbers for GSM-7 and for Latin-1, 0 to 255.
  //    dataCodingGsm7: 0,
  //    dataCodingLatin1: 3,
  //    // How a long text is cut: "udh8", "udh16", "sar", or "payload" for not at all.
  //    longMessages: "udh8",
  //    // How numbers are written: "e164" (+4930…), "without-plus", "00", or "national", with the country of those.
  //    addressFormat: "without-plus",
  //    country: "US",
  //    // Types of number (0 to 7) and numbering plans (0 to 18). Default: from the sender and the number.
  //    sourceTon: 1,
  //    sourceNpi: 1,
  //    destinationTon: 1,
  //    destinationNpi: 1,
  //    // How the carrier is told when a text is of no use any more: "relative", "absolute" or "none".
  //    validityPeriod: "relative",
  //    // How often a quiet link is tried, 5 to 600 seconds.
  //    enquireLinkSeconds: 30,
  //    // How long one attempt may take, 2 to 120 seconds.
  //    timeoutSeconds: 30,
  //    // Which receipts are asked for: "final", of a "failure" only, or "none".
  //    receipts: "final",
  //    // How receipts spell the id that the answer gave: "auto", "same", "hex-to-decimal" or "decimal-to-hex".
  //    messageIdFormat: "auto",
  //    // As for twilio above.
  //    replies: "code",
  //    maxSegments: 2,
  //    // Whether letters may lose accents where that saves segments.
  //    transliterate: false,
  //    tellWhenOver: false,
  //    // How many texts may be on their way at once, 1 to 1000.
  //    concurrency: 10,
  //  }),
  //  // Texts through any gateway that takes an HTTP request; docs/sms-gateways.md has every kind of body and of auth,
  //  // and presets for common gateways.
  //  gateway: httpGateway({
  //    url: "https://gateway.example.com/v1/send",
  //    // "POST", "GET" or "PUT".
  //    method: "POST",
  //    // Texts, in which {{to}}, {{from}}, {{text}}, {{link}}, {{id}}, {{ttlSeconds}} and so on stand for the message's.
  //    query: {},
  //    headers: {},
  //    // A function whose value is sent as JSON; or { json: … }, { form: … } or { xml: … } with texts as in query.
  //    body: { json: { to: "{{to}}", from: "{{from}}", text: "{{text}}" } },
  //    // The sender. Default: none.
  //    from: "12345",
  //    // How numbers are written: "e164" (+4930…), "without-plus", "00", or "national", with the country of those.
  //    phoneFormat: "e164",
  //    country: "US",
  //    // "basic" as here, "bearer", "header", "oauth2" or "hmac". Default: none.
  //    auth: { type: "basic", user: "pausepoint", password: process.env.GATEWAY_PASSWORD },
  //    // A header that gets the message's id, for a gateway that sends a repeated one once. Default: none.
  //    idempotencyHeader: "Idempotency-Key",
  //    // Which answer is a success: an HTTP status, a pattern in the body, or what stands at a path of the JSON. Default:
  //    // these statuses, unless a web page answers.
  //    success: { status: [200, 201, 202, 204] },
  //    // Which is a refusal for good, and which is worth a retry: lists of the same. Default: none beside the usual.
  //    permanent: [],
  //    retry: [],
  //    // Where the gateway's id of the message stands: path, header or pattern. Default: nowhere.
  //    messageId: { path: "id", header: "x-message-id", pattern: "^ID: (.+)$" },
  //    // Who may call /hooks/<channel>/receipt and /hooks/<channel>/inbound: who knows a secret of 16 to 128 characters,
  //    // who comes from these networks, or both; and this server's address as the gateway reaches it, else baseUrl.
  //    hooks: { secret: process.env.GATEWAY_SECRET, allowFrom: ["10.0.0.0/8"], base: "https://approve.example.com" },
  //    // Where things stand in a receipt, and the gateway's own words. Default: no receipts.
  //    receipts: {
  //      idPath: "id",
  //      statusPath: "status",
  //      listPath: "receipts",
  //      delivered: [],
  //      failed: [],
  //      sent: [],
  //    },
  //    // Where things stand in a reply, and how words go back to the person: as a "message", as the "body" of our
  //    // answer, or "none". Default: no replies.
  //    inbound: { fromPath: "from", textPath: "text", idPath: "id", listPath: "messages", answer: "message" },
  //    // In PEM: the authorities that sign the server's certificate (default: the public ones), this client's own
  //    // certificate and its key; and the name that the server's must hold (default: the host in url).
  //    tls: { ca: process.env.GATEWAY_CA, cert: process.env.GATEWAY_CERT, key: process.env.GATEWAY_KEY, serverName: "gateway.example.com" },
  //    // An HTTP proxy on the way. Default: that of the environment.
  //    proxy: "http://proxy.example.com:3128",
  //    // As for twilio above.
  //    replies: "code",
  //    maxSegments: 2,
  //    // Whether letters may lose accents where that saves segments.
  //    transliterate: false,
  //    tellWhenOver: false,
  //    timeoutSeconds: 15,
  //    concurrency: 4,
  //  }),
  //  // Texts through a Kannel of your own.
  //  box: kannel({
  //    url: "http://127.0.0.1:13013/cgi-bin/sendsms",
  //    username: "pausepoint",
  //    password: process.env.KANNEL_PASSWORD,
  //    // The sender, and the SMSC that texts leave by. Default: as Kannel has them.
  //    from: "12345",
  //    smsc: "carrier",
  //    phoneFormat: "e164",
  //    country: "US",
  //    // Who may call /hooks/<channel>/receipt and /hooks/<channel>/inbound: who knows a secret of 16 to 128 characters,
  //    // who comes from these networks, or both; and this server's address as the gateway reaches it, else baseUrl.
  //    hooks: { secret: process.env.GATEWAY_SECRET, allowFrom: ["10.0.0.0/8"], base: "https://approve.example.com" },
  //    // In PEM: the authorities that sign the server's certificate (default: the public ones), this client's own
  //    // certificate and its key; and the name that the server's must hold (default: the host in url).
  //    tls: { ca: process.env.GATEWAY_CA, cert: process.env.GATEWAY_CERT, key: process.env.GATEWAY_KEY, serverName: "gateway.example.com" },
  //    // An HTTP proxy on the way. Default: that of the environment.
  //    proxy: "http://proxy.example.com:3128",
  //    // As for twilio above.
  //    replies: "code",
  //    maxSegments: 2,
  //    // Whether letters may lose accents where that saves segments.
  //    transliterate: false,
  //    tellWhenOver: false,
  //    timeoutSeconds: 15,
  //    concurrency: 4,
  //  }),
  //  // Push notifications through an ntfy server of your own: for people who have `push`, a topic.
  //  push: ntfy({
  //    url: "https://ntfy.example.com",
  //    // An access token; or a user and a password, as in the next one. Default: none.
  //    token: process.env.NTFY_TOKEN,
  //    // How the phone makes itself heard: "min", "low", "default", "high" or "max".
  //    priority: "high",
  //    // In PEM: the authorities that sign the server's certificate (default: the public ones), this client's own
  //    // certificate and its key; and the name that the server's must hold (default: the host in url).
  //    tls: { ca: process.env.GATEWAY_CA, cert: process.env.GATEWAY_CERT, key: process.env.GATEWAY_KEY, serverName: "gateway.example.com" },
  //    // An HTTP proxy on the way. Default: that of the environment.
  //    proxy: "http://proxy.example.com:3128",
  //    // Whether those who were asked are told when somebody else answers or the question is withdrawn.
  //    tellWhenOver: true,
  //    timeoutSeconds: 15,
  //    concurrency: 4,
  //  }),
  //  pager: ntfy({ url: "https://ntfy.example.com", user: "pausepoint", password: process.env.NTFY_PASSWORD }),
  //  email: smtp({
  //    // The relay: smtp://host (port 587 unless named) or smtps://host (465), perhaps with user:password@ before the
  //    // host. Characters such as @ / ? # % in user and password are percent-encoded.
  //    url: process.env.SMTP_URL,
  //    // Who writes.
  //    from: "PausePoint <approve@example.com>",
  //    // Where an answer by mail goes; it decides nothing. Default: to `from`.
  //    replyTo: "Operations <ops@example.com>",
  //    tls: {
  //      // Certificates of the authorities that sign the relay's, in PEM. Default: the public ones.
  //      ca: process.env.SMTP_CA,
  //      // The name that the relay's certificate must hold. Default: the host in url.
  //      serverName: "relay.example.com",
  //      // For smtp://: "required" refuses a relay without STARTTLS, "if-offered" goes on without, "off" never asks.
  //      // Default: "required"; "off" for a relay on this machine that needs no log-in.
  //      startTls: "required",
  //      // Whether user and password may be sent unencrypted.
  //      allowUnencryptedLogin: false,
  //    },
  //    // Signs each mail (RFC 6376). Default: nothing is signed here. The key's name is published at
  //    // <selector>._domainkey.<domain>.
  //    dkim: {
  //      domain: "example.com",
  //      selector: "mail2026",
  //      // RSA, in PEM, without a passphrase.
  //      privateKey: process.env.DKIM_KEY,
  //    },
  //    // Whether those who were asked get a mail when somebody else answers or the question is withdrawn.
  //    tellWhenOver: false,
  //    // How long one attempt may take, 1 to 120 seconds.
  //    timeoutSeconds: 30,
  //    // How many mails may be on their way to the relay at once, 1 to 50.
  //    concurrency: 4,
  //  }),
  //  slack: slack({
  //    // The app's bot token. Starts with xoxb-.
  //    botToken: process.env.SLACK_BOT_TOKEN,
  //    // For buttons, either or both: the app's signing secret, with <baseUrl>/hooks/<channel>/interactions as the
  //    // request URL in Slack; or an app-level token (starts with xapp-) for Socket Mode, which needs no open port.
  //    signingSecret: process.env.SLACK_SIGNING_SECRET,
  //    appToken: process.env.SLACK_APP_TOKEN,
  //    // Where Slack's API is.
  //    apiBase: "https://slack.com/api",
  //    // Whether the end of a question is also told in the message's thread, which notifies its followers.
  //    tellInThread: false,
  //    // How long one attempt may take, 1 to 120 seconds.
  //    timeoutSeconds: 15,
  //    // How many messages may be on their way to Slack at once, 1 to 100.
  //    concurrency: 4,
  //  }),
  //  // WhatsApp through Twilio. The channel has this name and no other. A person without a number for WhatsApp is asked
  //  // at their number for texts.
  //  whatsapp: whatsapp({
  //    // As for twilio above, API key and messaging service included.
  //    accountSid: process.env.TWILIO_ACCOUNT_SID,
  //    authToken: process.env.TWILIO_AUTH_TOKEN,
  //    // A WhatsApp sender of the account, with + and digits only; or messagingServiceSid.
  //    from: "+13125550100",
  //    // The content SIDs (HX…) of templates that WhatsApp has approved; docs/channels.md has their texts. link is needed.
  //    templates: {
  //      link: "HX00000000000000000000000000000001",
  //      // Buttons that are titled as the options, for questions with exactly these: 2 or 3, of at most 20 characters.
  //      titled: [{ options: ["Approve", "Reject"], contentSid: "HX00000000000000000000000000000002" }],
  //      // Two buttons titled 1 and 2, and three titled 1, 2 and 3, for any other options.
  //      two: "HX00000000000000000000000000000003",
  //      three: "HX00000000000000000000000000000004",
  //      // Word that a question is over. Without it only who wrote within 24 hours is told.
  //      over: "HX00000000000000000000000000000005",
  //    },
  //    // As for twilio above. Buttons decide in any case.
  //    replies: "code",
  //    tellWhenOver: false,
  //    apiBase: "https://api.twilio.com",
  //    timeoutSeconds: 15,
  //    concurrency: 8,
  //  }),
  //  // A channel of your own: docs/channels.md, "Write a channel", has a whole one.
  //  desk: defineChannel({
  //    // What recipients are: "phone", "email", "slack", "topic", or "text" for any one line.
  //    addressKind: "text",
  //    // The one spelling of an address, or null for what is none. Default: as it was given.
  //    normalizeAddress: (text) => (/^\d{3}$/.test(text) ? text : null),
  //    // What an address is, told to who gave another.
  //    addressHint: "the three digits of a desk",
  //    // Hands one message over and says what became of it: "sent", "delivered", "retry" or "failed".
  //    send: async ({ to, text, deliveryId }, signal, { fetch }) => {
  //      const body = JSON.stringify({ to, text, id: deliveryId });
  //      const { ok, status } = await fetch("https://desk.example.com/show", { method: "POST", body, signal });
  //      return ok ? { outcome: "sent", status } : { outcome: "retry", error: "the desk server is not ready", status };
  //    },
  //    // Tells someone who was asked that it is over, as send does. Default: nobody is told.
  //    conclude: async () => ({ outcome: "sent" }),
  //    // Whether it sends another message for that ("by message") or changes the one that asked ("in place").
  //    concludes: "by message",
  //    // Answers what comes to /hooks/<channel>/…, once the caller is proven. Default: that is a 404.
  //    receive: async () => ({ status: 204 }),
  //    // Keeps a connection from start to stop. Default: none.
  //    connect: () => ({ stop() {} }),
  //    // What is hidden in errors, in what the peer answered and in the log; each of at least 4 characters.
  //    secrets: [],
  //    // As for twilio above, but "off" unless set.
  //    replies: "off",
  //    // As for twilio above; null where texts cost nothing.
  //    maxSegments: null,
  //    timeoutSeconds: 15,
  //    concurrency: 4,
  //  }),
  //  // Several channels, one after the other: the next is tried when a message could not be delivered, or when its link
  //  // was not opened within so many minutes, 1 to 1440. For people, who have an address for each.
  //  oncall: fallback(["slack", "sms"], { afterMinutes: 5 }),
  //},

  // Webhooks. While this is absent, receivers on this machine are reached too, which is handy for a first try; once it
  // is set, only what it allows, and the internet.
  //webhooks: {
  //  // Private networks, in CIDR notation, that webhooks may reach: "10.0.0.0/8". Default: none.
  //  allowNetworks: [],
  //  // Seconds until each retry, give or take a fifth. When the last one has failed, the delivery has. 0 to 20 of them.
  //  retrySeconds: [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000],
  //},

  // Backups that the server makes by itself. Default: none. docs/backup.md tells how to restore one. Example:
  //backups: {
  //  // Where they are put; better on another disk. Relative to this file.
  //  folder: "/srv/backups/pausepoint",
  //  // When, as a cron pattern in this machine's own time.
  //  at: "0 3 * * *",
  //  // How many of the newest are kept, 1 to 1000.
  //  keep: 14,
  //  // A file with an age key or a passphrase, which they are encrypted with. Relative to this file. Default: they are
  //  // not encrypted, unless PAUSEPOINT_BACKUP_KEY is set.
  //  keyFile: null,
  //},

  // How a project (of an API key: `keys create --project`) appears to the people it asks. A name has 1 to 63 letters,
  // digits, _, . and -, and starts with a letter or digit. Default: none is set. Example:
  //projects: {
  //  finance: {
  //    // Who asks, on the page and in the text; one line of at most 60 characters. Default: the project's name, and
  //    // PausePoint for the project named default.
  //    displayName: "finance",
  //    // An inline SVG of at most 4096 bytes, without script and style, with nothing external. Default: none.
  //    logo: null,
  //    // The page's accent colour, #rrggbb, dark enough for the light page (4.5 : 1). Default: its own.
  //    accent: null,
  //    // The zone that exact times are shown in: an IANA name, such as America/Chicago.
  //    timeZone: "UTC",
  //    // How long this project keeps what it asked. null is for ever. Without this: as the setting of that name below says.
  //    retention: { contentDays: null },
  //  },
  //},

  // What a key may ask for: `keys create --plan NAME`. A key without a plan has no such limit. Two are built in: free, with
  // the values below, and pro, with 5,000 pauses, sms, email and slack, 720 hours and webhooks. One of the same name here
  // takes its place. A name has 1 to 63 letters, digits, _, . and -. See docs/limits.md. Example:
  //plans: {
  //  free: {
  //    // How many pauses each key may create in a calendar month, 1 to 1000000000. Test pauses count too. Default: null,
  //    // as many as it wants.
  //    pausesPerMonth: 50,
  //    // What `channel` may be in a request: names of channels. Default: null, any.
  //    channels: ["sms"],
  //    // The longest timeout_hours, above 0, at most 8760, and the default where that is longer. Default: null, any.
  //    maxTimeoutHours: 24,
  //    // Whether the key may set a webhook_url and make webhooks. Default: true.
  //    webhooks: false,
  //  },
  //},

  // What holds for every live key, with a plan and without. null is no limit.
  //limits: {
  //  // The zone in which a plan's month begins: an IANA name, such as Europe/Berlin.
  //  timeZone: "UTC",
  //  // How many requests each live key may send in a second, 1 to 100000; as many may come at once.
  //  requestsPerSecond: 100,
  //  // How many messages one recipient may get in an hour, 1 to 1000, from all live keys together.
  //  messagesPerHour: 20,
  //  // How many requests without a valid key one address may send in a minute, 1 to 100000. Behind a reverse proxy set
  //  // listen.trustProxy, or all of them come from its address.
  //  unknownKeysPerMinute: 60,
  //},

  // The signed receipt of an answer, which an executor is shown (docs/receipts.md).
  //receipts: {
  //  // How many hours it may be used after the answer: above 0, at most 8760, fractions allowed.
  //  validHours: 24,
  //},

  // How long what was asked is kept: message, details, metadata, comment, addresses, what carriers answered, and the
  // salts that open them in the log; and the log itself with options, choices and times. See docs/privacy.md.
  //retention: {
  //  // Days after a pause has ended until its content is erased, 1 to 36500. Default: null, it is kept for ever.
  //  contentDays: null,
  //  // Days until an entry of the log itself is pruned, with its pause, 1 to 36500; for all projects. The EU AI Act asks
  //  // for at least six months, so fewer than 183 are warned of. Default: null, the log is kept for ever.
  //  auditDays: null,
  //},

  //texts: {
  //  // The text message: at most 500 characters, with {message} and {link} in it, and {project} if you like. Keep to
  //  // plain ASCII around them: one other character can double the price of a text.
  //  sms: "PausePoint: {message}\n\nAnswer: {link}",
  //},

  // The audit log is signed by this server; who else keeps an eye on it stands here. docs/witness.md tells more.
  //audit: {
  //  // Witnesses, 16 at most: programs of others that cosign a checkpoint only when it contains all that they have
  //  // cosigned before. Each is { key: "auditor.example/w1+…", url: "https://…" }: the line that `pausepoint witness
  //  // init` printed there, and where it listens, which may be a private address. Perhaps with tls and proxy as for an
  //  // HTTP gateway above, and timeoutSeconds, 1 to 120, otherwise 15. Default: none.
  //  witnesses: [],
  //  // How often they are asked, 1 to 1440 minutes. They learn how many entries the log has, and nothing else of it.
  //  everyMinutes: 5,
  //  // A folder that gets each new checkpoint as a file, <size>.checkpoint and latest.checkpoint, at most one a second: a
  //  // share that can only be added to, a git repository, a stick. It has to be there. Default: none.
  //  drop: null,
  //},

  //mcp: {
  //  // Names, beside those of baseUrl and listen.host, by which agents reach /mcp: a Host or Origin header with another
  //  // name is refused, as it may come from a web page. No scheme, no port: ["pausepoint.internal"]. Default: none.
  //  hosts: [],
  //},

  // Metrics for Prometheus (docs/metrics.md): with a token at /metrics beside the API, or at a listener of their own,
  // which may have a token too. Default: neither, and /metrics is a 404. Example:
  //metrics: {
  //  // What the Authorization header must hold behind "Bearer ": 16 to 256 of A-Z, a-z, 0-9, -, ., _, ~, + and /.
  //  token: process.env.METRICS_TOKEN,
  //  // A listener for metrics alone, over http; the API's port then has none. host is 127.0.0.1 unless given.
  //  listen: { host: "127.0.0.1", port: 9465 },
  //},

  //log: {
  //  // The least that is logged: "debug", "info", "warn" or "error".
  //  level: "info",
  //  // "text" for people, "json" for collectors: one object a line; "auto" is text at a terminal, and JSON elsewhere.
  //  format: "text",
  //  // The level at which each request gets a line of its own: "debug" or "info". docs/logs.md tells what stands in it.
  //  requests: "debug",
  //},

  // How the server stops when it is told to; docs/operations.md tells what happens in which order.
  //shutdown: {
  //  // The longest that it takes, 1 to 3600 seconds. Docker kills after ten, systemd after ninety, unless told otherwise.
  //  graceSeconds: 8,
  //  // How long /readyz says 503 before the door is closed, 0 to 600 seconds, so that a balancer sees it; within the above.
  //  announceSeconds: 0,
  //},
});
