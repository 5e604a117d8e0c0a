/**
 * A Prometheus server that scrapes the executable: what it then says was done is what was done. And the text itself, in both
 * formats, read by the parsers of Prometheus' own Python client.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout } from "bun:test";
import { join } from "node:path";
import { Metrics } from "../../src/platform/metrics/index.ts";
import { type GatewayPeer, startGateway } from "../peers/gateway.ts";
import { freePorts } from "../peers/ports.ts";
import { type Prometheus, startPrometheus } from "../peers/prometheus.ts";
import { type Receiver, startReceiver } from "../peers/receiver.ts";
import { type BinaryServer, serveBinary } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { pathOf, testNeeding } from "../support/needs.ts";

setDefaultTimeout(60_000);
const TOKEN = "0123456789abcdef-metrics";
const RULES = join(import.meta.dir, "../../examples/prometheus/pausepoint.rules.yml");
/** A receiver of webhooks may stand here, and nowhere else on this machine. */
const ALLOWED = "127.0.0.2";
const MOBILE = "+13128471928";

const promTest = testNeeding("dist/pausepoint", "prometheus");
const parserTest = testNeeding("dist/pausepoint", "python prometheus_client");

let gateway: GatewayPeer;
let receiver: Receiver;
/** Everything that was sent to the server by its route, method and status. */
const sent = new Map<string, number>();

beforeAll(async () => {
  gateway = startGateway();
  gateway.answer = ({ raw }) => new Response("{}", { status: raw.includes("REFUSED") ? 400 : 200 });
  receiver = await startReceiver({ host: ALLOWED });
});
afterAll(async () => {
  await gateway.stop();
  await receiver.stop();
});

const config = (metrics: string) => `import { defineConfig, httpGateway } from "pausepoint/config";
  export default defineConfig({
    metrics: ${metrics},
    webhooks: { allowNetworks: ["${ALLOWED}/32"], retrySeconds: [] },
    channels: { sms: httpGateway({
      url: "${gateway.url}/send", body: (m) => ({ to: m.to, text: m.text, receipt: m.receiptUrl }),
      hooks: { secret: "a-secret-of-the-gateway" }, receipts: { statusPath: "status", delivered: ["DELIVRD"], failed: ["UNDELIV"] },
    }) },
  });`;

const serve = (metrics: string): Promise<BinaryServer> =>
  serveBinary({ files: { "pausepoint.config.ts": config(metrics) } });

const newKey = async (server: BinaryServer, mode: "live" | "test"): Promise<string> =>
  JSON.parse((await server.run("keys", "create", "--name", mode, "--mode", mode, "--json")).stdout).key;

/** Sends a request, and keeps what has to be counted of it. */
async function tallied(server: BinaryServer, route: string, path: string, init: Parameters<BinaryServer["call"]>[1]) {
  const answer = await server.call(path, init);
  const method = init?.method ?? (init?.json === undefined ? "GET" : "POST");
  const series = `${method} ${route} ${answer.status}`;
  sent.set(series, (sent.get(series) ?? 0) + 1);
  return answer;
}

/** Asks, answers, withdraws and lets run out, with whatever can become of the messages and webhooks. */
async function aDay(server: BinaryServer): Promise<void> {
  gateway.requests.length = 0;
  sent.clear();
  const [live, test] = [await newKey(server, "live"), await newKey(server, "test")];
  const ask = async (key: string, wanted: Record<string, unknown> = {}, headers: Record<string, string> = {}) => {
    const json = { recipient: MOBILE, channel: "sms", message: "Wire $8,400?", ...wanted };
    return (await tallied(server, "/v1/pause", "/v1/pause", { key, json, headers })).body.pause_id as string;
  };
  const textOf = async (about: string) =>
    (await eventually(
      () => gateway.requests.find(({ raw }) => raw.includes(about))?.raw,
      (raw) => raw !== undefined,
    )) as string;
  const answer = async (about: string, choice: string) => {
    const [link = ""] = /http:\/\/[^\s"\\]+\/r\/[\w-]+/.exec(await textOf(about)) ?? [];
    const body = new URLSearchParams({ choice });
    expect((await tallied(server, "/r/:token", link, { key: "", method: "POST", body })).status).toBe(303);
  };

  // Live: each webhook's receiver behaves in a way of its own, and of the seven messages the gateway refuses four.
  receiver.behave({ status: 500 });
  const [closed = 0] = await freePorts(1);
  for (const [about, webhook_url] of [
    ["failing receiver", receiver.url],
    ["good receiver", receiver.url],
    ["refused address", `http://localhost:${receiver.port}/`],
    ["nobody there", `http://${ALLOWED}:${closed}/`],
  ] as const) {
    await ask(live, { message: `Wire to ${about}?`, webhook_url });
    await answer(`Wire to ${about}?`, about === "good receiver" ? "Approve" : "Reject");
    if (about === "failing receiver") await receiver.nextRequest();
  }
  for (const [about, status] of [
    ["good receiver", "DELIVRD"],
    ["nobody there", "UNDELIV"],
  ] as const) {
    const { receipt } = JSON.parse(await textOf(about)) as { receipt: string };
    const init = { key: "", json: { status } };
    expect((await tallied(server, "/hooks/:channel/:rest", receipt, init)).status).toBe(204);
  }
  const withdrawn = await ask(live, { message: "Wire it?" });
  await textOf("Wire it?");
  await tallied(server, "/v1/pause/:pause_id/cancel", `/v1/pause/${withdrawn}/cancel`, { key: live, json: {} });
  for (let times = 0; times < 4; times++) await ask(live, { message: `REFUSED ${times}` });
  await ask(live, { message: "Wire and wait?" });
  await textOf("Wire and wait?");
  expect(await ask(live, { recipient: "nobody" })).toBeUndefined();

  // The test world.
  const act = (id: string, what: "respond" | "expire", json: object) =>
    tallied(server, `/v1/test/pause/:pause_id/${what}`, `/v1/test/pause/${id}/${what}`, { key: test, json });
  const once = { "idempotency-key": "once" };
  const answered = await ask(test, {}, once);
  expect(await ask(test, {}, once)).toBe(answered);
  await act(answered, "respond", { choice: "Approve" });
  await act(await ask(test, { timeout_default: "Reject" }), "expire", {});
  for (let times = 0; times < 2; times++) await act(await ask(test), "expire", {});
  await ask(test);
}

/** Everything that is to be delivered has been, or has failed. */
const isQuiet = async (prometheus: Prometheus) =>
  (await prometheus.value('sum(pausepoint_queue_deliveries{job="pausepoint"})')) === 0;

describe("a Prometheus server", () => {
  promTest("counts what was done, and no more; its alerts come and name what is wrong", async () => {
    const [port = 0] = await freePorts(1);
    await using own = await serve(`{ listen: { port: ${port} } }`);
    await using behind = await serve(`{ token: "${TOKEN}" }`);
    const target = (address: string) => [{ targets: [address.replace("http://", "")] }];
    const prometheus = await startPrometheus(
      {
        global: { scrape_interval: "250ms", scrape_timeout: "250ms", evaluation_interval: "250ms" },
        rule_files: ["pausepoint.rules.yml"],
        scrape_configs: [
          { job_name: "pausepoint", static_configs: target(`127.0.0.1:${port}`) },
          {
            job_name: "behind a token",
            authorization: { credentials_file: "token" },
            static_configs: target(behind.url),
          },
          { job_name: "without the token", static_configs: target(behind.url) },
        ],
      },
      // As they are, but for how long something has to last.
      { token: TOKEN, "pausepoint.rules.yml": (await Bun.file(RULES).text()).replace(/for: \d+m/g, "for: 1s") },
    );
    try {
      await prometheus.scraped(["pausepoint", "behind a token", "without the token"]);
      expect(await prometheus.query('up{job=~".*token"}')).toMatchObject([
        { labels: { job: "behind a token" }, value: 1 },
        { labels: { job: "without the token" }, value: 0 },
      ]);
      expect(await prometheus.query('{job="without the token",__name__=~"pausepoint.*"}')).toEqual([]);
      expect(await prometheus.value('pausepoint_pauses_pending{job="behind a token",mode="live"}')).toBe(0);

      await aDay(own);
      await prometheus.scraped(["pausepoint"]);
      await eventually(
        () => isQuiet(prometheus),
        (quiet) => quiet,
      );
      await prometheus.scraped(["pausepoint"]);

      const counted = async (name: string, ...labels: string[]) => {
        const by = labels.length === 0 ? "" : `by (${labels.join(",")}) `;
        const samples = await prometheus.query(`sum ${by}(${name}{job="pausepoint"}) > 0`);
        return Object.fromEntries(samples.map((one) => [labels.map((of) => one.labels[of]).join(" "), one.value]));
      };
      expect(await counted("pausepoint_pauses_created_total", "mode", "channel")).toEqual({
        "live sms": 10,
        "test sms": 5,
      });
      expect(await counted("pausepoint_pauses_ended_total", "mode", "end")).toEqual({
        ...{ "live answered": 4, "live cancelled": 1 },
        ...{ "test answered": 1, "test default": 1, "test timed_out": 2 },
      });
      expect(await counted("pausepoint_pauses_pending", "mode")).toEqual({ live: 5, test: 1 });
      expect(await counted("pausepoint_answer_duration_seconds_count", "mode")).toEqual({ live: 4, test: 1 });
      expect(await counted("pausepoint_message_attempts_total", "channel", "outcome")).toMatchObject({
        ...{ "sms sent": 6, "sms failed": 4 },
      });
      expect(await counted("pausepoint_deliveries_total", "channel", "outcome")).toMatchObject({
        ...{ "sms sent": 6, "sms failed": 4, "webhook delivered": 1, "webhook failed": 3 },
      });
      expect(await counted("pausepoint_delivery_receipts_total", "channel", "outcome")).toEqual({
        ...{ "sms delivered": 1, "sms failed": 1 },
      });
      expect(await counted("pausepoint_webhook_attempts_total", "outcome")).toEqual({
        ...{ "2xx": 1, "5xx": 1, refused: 1, unanswered: 1 },
      });
      expect(await counted("pausepoint_http_requests_total", "method", "route", "status")).toEqual(
        Object.fromEntries(sent),
      );
      const entries = JSON.parse((await own.run("audit", "verify", "--json")).stdout).entries;
      expect(await counted("pausepoint_audit_entries")).toEqual({ "": entries });

      // Four messages that failed are an alert without any delay; nothing else is wrong.
      const states = async () =>
        (await prometheus.query('ALERTS{alertname!="PausePointDiskFillsUp"}')).map(
          ({ labels: { alertname, alertstate, channel } }) => [alertname, alertstate, channel].join(" ").trim(),
        );
      await eventually(states, (all) => all.includes("PausePointMessagesFail firing sms"));
      expect(await states()).toEqual(["PausePointMessagesFail firing sms"]);
      const { groups } = await prometheus.api("rules");
      const health = groups[0].rules.map(
        (rule: { health: string; lastError?: string }) => rule.lastError ?? rule.health,
      );
      expect(health).toEqual(Array(health.length).fill("ok"));
      expect(health.length).toBeGreaterThan(8);

      await own.process.stop();
      await eventually(states, (all) => all.includes("PausePointDown firing"));
      expect(
        await prometheus.value('count(count_over_time(ALERTS{alertname="PausePointDown",alertstate="pending"}[1m]))'),
      ).toBe(1);
    } finally {
      await prometheus.stop();
    }
  });
});

/** Reads the text on stdin with that parser, and prints its families: name, type, and samples. */
const READER = `
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus
families = (openmetrics if sys.argv[1] == "openmetrics" else prometheus)(sys.stdin.read())
print(json.dumps([[f.name, f.type, [[s.name, sorted(s.labels.items()), s.value] for s in f.samples]] for f in families]))
`;
type Family = [name: string, type: string, samples: [name: string, labels: [string, string][], value: number][]];

describe("the parsers of Prometheus' Python client", () => {
  parserTest("read both formats, and every metric with its type", async () => {
    await using server = await serve(`{ token: "${TOKEN}" }`);
    await aDay(server);
    const read = async (format: "openmetrics" | "prometheus", accept: string): Promise<Family[]> => {
      const response = await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}`, accept } });
      expect(response.headers.get("content-type")).toStartWith(accept.split(";")[0] ?? "");
      const stdin = new Blob([await response.text()]);
      const python = Bun.spawn([pathOf("python prometheus_client"), "-c", READER, format], { stdin, stderr: "pipe" });
      const [said, complaint] = await Promise.all([python.stdout.text(), python.stderr.text()]);
      expect([await python.exited, complaint]).toEqual([0, ""]);
      return JSON.parse(said);
    };
    const open = await read("openmetrics", "application/openmetrics-text; version=1.0.0; charset=utf-8");
    const classic = await read("prometheus", "text/plain; version=0.0.4");
    const withoutBackups = new Metrics().list().filter(({ name }) => !name.startsWith("pausepoint_backup"));
    const known = withoutBackups.map(({ name, type }) => [name.replace(/_total$/, ""), type]);
    const shapeOf = (families: Family[]) => families.map(([name, type]) => [name, type]);
    expect(shapeOf(open)).toEqual(known);
    expect(shapeOf(classic)).toEqual(known);
    // The same series in both: the scrapes alone lie between them, and values that move by themselves.
    const seriesOf = (families: Family[]) =>
      families.flatMap(([, , samples]) => samples.map(([name, labels]) => JSON.stringify([name, labels])));
    const isScrape = (series: string) => series.includes('"/metrics"');
    const boundsAsNumbers = (series: string) =>
      series.replace(/\["le", ?"([\d.e-]+)"\]/, (_, le) => `le ${Number(le)}`);
    const plain = (families: Family[]) =>
      seriesOf(families)
        .filter((series) => !isScrape(series))
        .map(boundsAsNumbers)
        .sort();
    expect(plain(open)).toEqual(plain(classic));
    const valueIn = (families: Family[], name: string, ...labels: [string, string][]) =>
      families
        .flatMap(([, , samples]) => samples)
        .find((sample) => sample[0] === name && JSON.stringify(sample[1]) === JSON.stringify(labels))?.[2];
    for (const families of [open, classic])
      expect(valueIn(families, "pausepoint_pauses_ended_total", ["end", "answered"], ["mode", "live"])).toBe(4);
  });
});
