import type { World } from "../../src/audit/index.ts";
import { OUTBOX } from "../../src/channels/directory.ts";
import {
  createOperator,
  enrol,
  findSession,
  hashPassword,
  type OperatorContext,
  signIn,
} from "../../src/console/operators.ts";
import { codeAt, stepAt, totpSecret } from "../../src/console/totp.ts";
import { deliverToOutbox } from "../../src/delivery/outbox.ts";
import { answerPause } from "../../src/pauses/answer.ts";
import { takeIntoCatalogue } from "../../src/pauses/index.ts";
import { folderSecret } from "../../src/storage/index.ts";
import { createEndpoint } from "../../src/webhooks/endpoints.ts";
import { type Figure, figure, quantile, rounded } from "./figures.ts";
import { OpenFolder } from "./seed.ts";
import { type Server, startProduct } from "./server.ts";

const TARGET = { most: 1.5 };
const SLOWEST = { most: 100 };
/** By design these look at more where there is more, up to a bound: what they take is judged with the slowest. */
const BOUNDED: ReadonlySet<string> = new Set([
  "decided, of an end that is rare",
  "log, of a type that is rare",
  "search, the beginning of a word of all",
]);
/** The quicker ones of a view's requests: what other programs of the machine take is in the slower ones. */
const SHARE = 0.25;
const FEW = 100;
const AT_ONCE = 256;
const DAY = 24 * 3_600_000;

/** Every view, its filters, and a search for a word that all questions hold, that one holds, and that none does. */
export const VIEWS = [
  ["waiting", "/console/waiting"],
  ["decided", "/console/decided"],
  ["decided, of an end that is rare", "/console/decided?status=cancelled"],
  ["search, a word of all", "/console/decided?q=acme"],
  ["search, the beginning of a word of all", "/console/waiting?q=suppl"],
  ["search, a word of one", "/console/waiting?q=20097"],
  ["search, a word of none", "/console/decided?q=nowhere"],
  ["search, a phone number", "/console/waiting?q=%2B13128471928"],
  ["deliveries", "/console/deliveries"],
  ["log", "/console/log"],
  ["log, of a type that is rare", "/console/log?type=key.created"],
  ["keys", "/console/keys"],
  ["webhooks", "/console/webhooks"],
  ["webhooks, one that was told of every answer", "/console/webhooks/:webhook"],
  ["settings", "/console/settings"],
] as const;

/**
 * What the console's views take with many pauses stored against 100, half of them waiting and half answered: over HTTP,
 * one request after the other, both servers in turn.
 */
export async function consoleViews(
  executable: string,
  folder: string,
  pauses: number,
  rounds: number,
): Promise<Figure[]> {
  const sides = [];
  for (const count of [FEW, pauses]) {
    const data = `${folder}/console-${count}`;
    const { cookie, webhook } = await seedConsole(data, count);
    sides.push({ server: await startProduct(executable, data), cookie, webhook, ms: VIEWS.map((): number[] => []) });
  }
  const [few, many] = sides;
  if (few === undefined || many === undefined) throw new Error("there are two sides");
  try {
    for (let round = -1; round < rounds; round++) {
      for (const [index, [, path]] of VIEWS.entries()) {
        for (const { server, cookie, webhook, ms } of sides) {
          const took = await timed(server, cookie, path.replace(":webhook", webhook));
          // The first of all compiles statements and code.
          if (round >= 0) ms[index]?.push(took);
        }
      }
    }
    const ratios = VIEWS.map(([name], index) => {
      const [small, large] = [few.ms[index] ?? [], many.ms[index] ?? []];
      const from = { few_ms: small.map(rounded), many_ms: large.map(rounded) };
      const ratio = quantile(large, SHARE) / quantile(small, SHARE);
      return figure(`console, ${name}: ${pauses} stored ÷ ${FEW}`, ratio, "", BOUNDED.has(name) ? null : TARGET, from);
    });
    const slowest = Math.max(...many.ms.map((ms) => quantile(ms, SHARE)));
    return [...ratios, figure(`console, the slowest of these views, ${pauses} stored`, slowest, "ms", SLOWEST)];
  } finally {
    await Promise.all(sides.map(({ server }) => server.stop()));
  }
}

async function timed(server: Server, cookie: string, path: string): Promise<number> {
  const start = performance.now();
  const response = await fetch(`${server.url}${path}`, {
    headers: { cookie: `pausepoint=${cookie}` },
    redirect: "manual",
  });
  await response.text();
  if (response.status !== 200) throw new Error(`${path} was answered ${response.status}`);
  return performance.now() - start;
}

/**
 * A folder with pauses of which every second is answered, in the catalogue; an endpoint that was told of most answers and
 * is to be told of the rest tomorrow; and somebody who is signed in: their cookie.
 */
async function seedConsole(folder: string, pauses: number): Promise<{ cookie: string; webhook: string }> {
  const open = new OpenFolder(folder);
  open.connection.pragma("synchronous = OFF");
  const { key } = await open.newKey();
  await open.create(key, pauses, 8_760, true);
  for (let left = pauses; left > 0; left -= AT_ONCE)
    await open.writer.write((tx) => deliverToOutbox(tx, open.context, OUTBOX, AT_ONCE));
  const webhook = await listening(open, key.world);
  const what = { position: 0, choice: "Approve", comment: null, via: "page" as const };
  const origin = { ip: "127.0.0.1", userAgent: "bench" };
  open.now += 60_000;
  await open.inBatches(Math.floor(pauses / 2), (index) =>
    open.writer.write((tx) => answerPause(tx, open.context, { ...what, pauseN: 2 * index + 1, origin })),
  );
  const tomorrow = Date.now() + DAY;
  const told = `status = 'delivered', attempts = 1, finished_at = due_at`;
  open.connection.exec(`
    UPDATE deliveries SET due_at = ${tomorrow} WHERE kind = 'webhook' AND pause_n % 5 = 0;
    UPDATE deliveries SET ${told} WHERE kind = 'webhook' AND pause_n % 5 <> 0;`);
  while (await open.writer.write(takeIntoCatalogue));
  open.now = Date.now();
  const cookie = await signedIn(open, folder);
  await open.close();
  return { cookie, webhook };
}

/** An endpoint that is told of every end; its id. */
async function listening({ writer, context }: OpenFolder, world: World): Promise<string> {
  const wanted = { url: "http://127.0.0.1:9/hooks", events: null, description: null };
  const asker = { world, actor: { type: "operator", id: null } } as const;
  const made = await writer.write((tx) => createEndpoint(tx, context, asker, wanted));
  if (made === null) throw new Error("there is no room for an endpoint");
  return made.id;
}

async function signedIn({ writer, context }: OpenFolder, folder: string): Promise<string> {
  const operators: OperatorContext = { ...context, folderSecret: folderSecret(folder, context.random) };
  const password = await hashPassword("a password of the bench");
  const whence = { ip: "127.0.0.1", userAgent: "bench" };
  const actor = { type: "operator", id: null } as const;
  const wanted = { name: "Bench", role: "admin", password, given: false } as const;
  const made = await writer.write((tx) => createOperator(tx, operators, wanted, actor));
  const token = made === null ? null : await writer.write((tx) => signIn(tx, operators, made, "", whence));
  const session = findSession(writer, operators, token);
  if (session === null) throw new Error("nobody is signed in");
  const secret = totpSecret(operators.folderSecret, session.operator_id, session.totp_version);
  const code = codeAt(secret, stepAt(context.clock.now()));
  const done = await writer.write((tx) => enrol(tx, operators, session, { code, passwordHash: null }, whence));
  if (done === null) throw new Error("the code was not taken");
  return done.token;
}
