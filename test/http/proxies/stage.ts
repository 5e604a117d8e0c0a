/**
 * The reverse proxies of docs/reverse-proxies.md as Debian ships them, in front of an appliance, with the very files of
 * examples/reverse-proxy: only the port, the folder and where the certificate lies are put in.
 *
 *     const { appliance, client } = await behind("nginx");
 *     await client("/healthz");
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import type { LoadedConfig } from "../../../src/platform/config/load.ts";
import { makeAuthority } from "../../peers/certificates.ts";
import { freePorts, listening } from "../../peers/ports.ts";
import { type Appliance, startAppliance } from "../../support/appliance.ts";
import { run } from "../../support/binary.ts";
import { pathOf } from "../../support/needs.ts";

export const proxies = ["caddy", "nginx"] as const;
export type ProxyName = (typeof proxies)[number];

export const HOST = "approve.example.com";
const authority = makeAuthority();
const pair = authority.issue({ names: [HOST], addresses: ["127.0.0.1", "::1"] });
const examples = join(import.meta.dir, "../../../examples/reverse-proxy");

/** A proxy that runs. */
export interface RunningProxy {
  readonly port: number;
  /** What clients of the proxy have to trust, in a file. */
  readonly ca: string;
  /** All that it has written. */
  written(): string;
  stop(): Promise<void>;
}

const running = new Set<Bun.Subprocess>();

/** For `afterAll`: ends those that a test which failed has left. */
export function stopWhatIsLeft(): void {
  for (const child of running) child.kill();
}

/** Starts one in front of `upstream`. `change` alters its file. */
export async function startProxy(
  name: ProxyName,
  port: number,
  upstream: number,
  change: (file: string) => string = (file) => file,
): Promise<RunningProxy> {
  const folder = mkdtempSync(join(tmpdir(), `pausepoint-${name}-`));
  for (const [file, text] of Object.entries({ "ca.pem": authority.ca, "cert.pem": pair.cert, "key.pem": pair.key }))
    writeFileSync(join(folder, file), text);
  const file = name === "caddy" ? caddyFile(folder, port, upstream) : nginxFile(folder, port, upstream);
  writeFileSync(join(folder, "config"), change(file));
  const command =
    name === "caddy"
      ? [pathOf("caddy"), "run", "--adapter", "caddyfile", "--config", join(folder, "config")]
      : [pathOf("nginx"), "-c", join(folder, "config"), "-p", folder, "-e", join(folder, "written")];
  const output = Bun.file(join(folder, "written"));
  const env = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const child = Bun.spawn(command, { env, stdin: "ignore", stdout: "ignore", stderr: output });
  running.add(child);
  void child.exited.then(() => running.delete(child));
  await Promise.race([listening(port), child.exited.then(() => ended(name, folder))]);
  return {
    port,
    ca: join(folder, "ca.pem"),
    written: () => readFileSync(join(folder, "written"), "utf8"),
    async stop() {
      child.kill();
      await child.exited;
      rmSync(folder, { recursive: true });
    },
  };
}

function ended(name: string, folder: string): never {
  throw new Error(`${name} did not start: ${readFileSync(join(folder, "written"), "utf8")}`);
}

/** The example with these in place of those, each of which must stand in it. */
function put(file: string, changes: Readonly<Record<string, string>>): string {
  let text = readFileSync(join(examples, file), "utf8");
  for (const [from, to] of Object.entries(changes)) {
    if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

function caddyFile(folder: string, port: number, upstream: number): string {
  return put("Caddyfile", {
    "{\n\tservers {": "{\n\tadmin off\n\tauto_https disable_redirects\n\tservers {",
    "approve.example.com {": `${HOST}:${port} {\n\tbind 127.0.0.1 ::1\n\ttls ${folder}/cert.pem ${folder}/key.pem`,
    "127.0.0.1:8787": `127.0.0.1:${upstream}`,
  });
}

function nginxFile(folder: string, port: number, upstream: number): string {
  const server = put("nginx.conf", {
    "listen 443": `listen 127.0.0.1:${port}`,
    "listen [::]:443": `listen [::1]:${port}`,
    "/etc/ssl/approve.example.com/fullchain.pem": `${folder}/cert.pem`,
    "/etc/ssl/approve.example.com/privkey.pem": `${folder}/key.pem`,
    "/var/log/nginx/error.log": `${folder}/written`,
    "127.0.0.1:8787": `127.0.0.1:${upstream}`,
  });
  return `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/written; events {}
http {
  access_log ${folder}/written; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
${server}}
`;
}

/** What curl was answered with. */
export interface Curled {
  readonly status: number;
  /** As HTTP names it: `1.1`, `2`. */
  readonly version: string;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test says by its expectations what it takes the answer to be
  readonly body: any;
}

/** Who asks: from which address, over which of the proxy's. */
export interface Asking {
  readonly from?: string;
  readonly over?: "127.0.0.1" | "[::1]";
  readonly key?: string;
  readonly headers?: readonly string[];
  /** Further words for curl. */
  readonly words?: readonly string[];
}

/** An appliance and a proxy in front, and curl as the client: with the name resolved to loopback, over HTTP/2 if it can. */
export interface Behind {
  readonly appliance: Appliance;
  readonly proxy: RunningProxy;
  /** Where people reach it: `https://approve.example.com:PORT`. */
  readonly url: string;
  client(path: string, asking?: Asking): Promise<Curled>;
  stop(): Promise<void>;
}

export async function behind(
  name: ProxyName,
  change: (config: LoadedConfig) => LoadedConfig = (config) => config,
  ofProxy?: (file: string) => string,
): Promise<Behind> {
  const [port = 0] = await freePorts(1);
  const url = `https://${HOST}:${port}`;
  const appliance = await startAppliance((config) =>
    change({
      ...config,
      baseUrl: url,
      baseUrlConfigured: true,
      listen: { ...config.listen, trustProxy: ["127.0.0.1/32"] },
    }),
  );
  const proxy = await startProxy(name, port, appliance.app.port, ofProxy);
  return {
    appliance,
    proxy,
    url,
    client: (path, asking) => curl(path.startsWith("https:") ? path : `${url}${path}`, proxy, asking),
    async stop() {
      await proxy.stop();
      await appliance.stop();
    },
  };
}

/** One request through a proxy, and its whole answer. Throws when there is none. */
export async function curl(url: string, proxy: RunningProxy, asking: Asking = {}): Promise<Curled> {
  const { from, over = "127.0.0.1", key, headers = [], words = [] } = asking;
  const ran = await run(
    [
      "curl",
      "-sS",
      "-i",
      ...["--max-time", "20", "--cacert", proxy.ca, "--resolve", `${HOST}:${proxy.port}:${over}`],
      ...(from === undefined ? [] : ["--interface", from]),
      ...(key === undefined ? [] : ["-H", `Authorization: Bearer ${key}`]),
      ...headers.flatMap((header) => ["-H", header]),
      ...words,
      url,
    ],
    tmpdir(),
  );
  if (ran.status !== 0) throw new Error(`curl ended with ${ran.status}: ${ran.stderr}`);
  return read(ran.stdout);
}

/** Writes that over one connection of HTTP/1.1 and answers with all that came until the proxy closed it. */
export function exchange(proxy: RunningProxy, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port: proxy.port, servername: HOST, ca: readFileSync(proxy.ca) };
    let received = "";
    const socket = connect({ ...options, ALPNProtocols: ["http/1.1"] }, () => socket.write(text, "latin1"));
    socket.on("data", (bytes) => {
      received += bytes.toString("latin1");
    });
    socket.on("close", () => resolve(received));
    // A proxy that refuses closes with bytes unread, which resets the connection.
    const refused = (error: NodeJS.ErrnoException) => error.code === "ECONNRESET";
    socket.on("error", (error) => (refused(error) ? resolve(received) : reject(error)));
  });
}

function read(answer: string): Curled {
  const end = answer.indexOf("\r\n\r\n");
  const [line = "", ...lines] = answer.slice(0, end).split("\r\n");
  const [, version = "", status = ""] = /^HTTP\/(\S+) (\d+)/.exec(line) ?? [];
  const headers = new Headers(
    lines.map((one) => [one.slice(0, one.indexOf(":")), one.slice(one.indexOf(":") + 1).trim()] as [string, string]),
  );
  const text = answer.slice(end + 4);
  const isJson = /json/.test(headers.get("content-type") ?? "") && text !== "";
  return { status: Number(status), version, headers, text, body: isJson ? JSON.parse(text) : text };
}
