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
//import { twilio } from "pausepoint/config";

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
  //  // "127.0.0.1/32". Default: nobody's.
  //  trustProxy: [],
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
  //    // The number for WhatsApp, with + and the country's code.
  //    whatsapp: "+13128471928",
  //  },
  //},

  // What the `channel` of a request stands for: a name of your own, or sms. A name has 1 to 32 of a-z, 0-9, _ and -,
  // and starts with a letter. Default: none is set, and every message stays in the built-in outbox. Once this is set,
  // live keys no longer use the outbox: a channel that is missing here is refused. Test keys always use it. Example:
  //channels: {
  //  sms: twilio({
  //    // The account that pays for the texts. Starts with AC.
  //    accountSid: process.env.TWILIO_ACCOUNT_SID,
  //    // The account's auth token; or apiKey with apiSecret, as below.
  //    authToken: process.env.TWILIO_AUTH_TOKEN,
  //    // The sender: a number with + and digits only, a short code, or a name of at most 11 characters; or
  //    // messagingServiceSid, as below.
  //    from: "+13125550100",
  //    // Where Twilio's API is. Another address is of use behind a proxy of your own, and in tests.
  //    apiBase: "https://api.twilio.com",
  //    // How long one attempt may take, 1 to 120 seconds.
  //    timeoutSeconds: 15,
  //    // How many texts may be on their way to Twilio at once, 1 to 100.
  //    concurrency: 8,
  //  }),
  //  oncall: twilio({
  //    accountSid: process.env.TWILIO_ACCOUNT_SID,
  //    // An API key (starts with SK) and its secret, in place of the auth token.
  //    apiKey: process.env.TWILIO_API_KEY,
  //    apiSecret: process.env.TWILIO_API_SECRET,
  //    // A messaging service (starts with MG) that chooses the sender, in place of from.
  //    messagingServiceSid: "MG00000000000000000000000000000000",
  //  }),
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
  //  },
  //},

  //texts: {
  //  // The text message: at most 500 characters, with {message} and {link} in it, and {project} if you like. Keep to
  //  // plain ASCII around them: one other character can double the price of a text.
  //  sms: "PausePoint: {message}\n\nAnswer: {link}",
  //},

  //log: {
  //  // The least that is logged: "debug", "info", "warn" or "error".
  //  level: "info",
  //  // "text" for people, "json" for collectors: one object a line.
  //  format: "text",
  //},
});
