/** From a request to a page: whose session it is, whether they may, and whether a form came from a page of ours. */
import type { Call, Reply } from "../access/index.ts";
import { addressLimit, rateLimit } from "../http/rate.ts";
import { equalInConstantTime, sha256 } from "../platform/hash.ts";
import { Problem } from "../platform/problem.ts";
import { StorageBusy } from "../storage/index.ts";
import { accountEntries } from "./account.ts";
import { cookieOf, formToken } from "./cookie.ts";
import { Health } from "./health.ts";
import { bare, framed, html, type Viewer } from "./html.ts";
import { LivePages } from "./live.ts";
import { findSession, type OperatorContext, type Session } from "./operators.ts";
import { channelEntries } from "./views/channels.ts";
import { deliveryEntries } from "./views/deliveries.ts";
import { healthEntries } from "./views/health.ts";
import { keyEntries } from "./views/keys.ts";
import { listEntries } from "./views/lists.ts";
import { LIVE_PATH, liveEntries } from "./views/live.ts";
import { logEntries } from "./views/log.ts";
import { ownEntries } from "./views/own.ts";
import { pauseEntries } from "./views/pauses.ts";
import { settingsEntries } from "./views/settings.ts";
import { usageEntries } from "./views/usage.ts";
import { endpointEntries } from "./views/webhook.ts";
import { webhookEntries } from "./views/webhooks.ts";
import { type ConsoleParts, type Entry, mayAct, page, redirect, type SignedIn, type Visit } from "./visit.ts";

const TRIES = 10;
const TRIES_A_MINUTE = 2;
const TESTS = 5;
const TESTS_A_MINUTE = 1;

const tables = [
  accountEntries,
  listEntries,
  pauseEntries,
  deliveryEntries,
  logEntries,
  usageEntries,
  keyEntries,
  healthEntries,
  webhookEntries,
  endpointEntries,
  settingsEntries,
  channelEntries,
  ownEntries,
  liveEntries,
];
/** Every page of the console. */
export const pages: readonly Entry[] = tables.flatMap((entries) => entries.pages);
/** Everything that changes something. */
export const forms: readonly Entry[] = tables.flatMap((entries) => entries.forms);

/** Answers the console's requests, and tells its open pages of what happens. */
export function createConsole(parts: ConsoleParts): {
  readonly live: LivePages;
  readonly health: Health;
  answer(call: Call): Promise<Reply>;
} {
  const { clock, random, ids } = parts.context;
  const operators: OperatorContext = { clock, random, ids, folderSecret: parts.folderSecret };
  const perAddress = addressLimit(TRIES, TRIES_A_MINUTE, () => clock.now());
  const perName = rateLimit(TRIES, TRIES_A_MINUTE, () => clock.now());
  const mayTest = rateLimit(TESTS, TESTS_A_MINUTE, () => clock.now());
  const mayTry = (address: string | null, name: string) => [perAddress(address), perName(name)].every(Boolean);

  const live = new LivePages({ writer: parts.writer, clock, log: parts.log });
  const health = new Health(clock, parts.config);

  const answer = async (call: Call): Promise<Reply> => {
    const path = new URL(call.request.url, "http://localhost").pathname;
    const isForm = call.request.method === "POST";
    const found = find(isForm ? forms : pages, path);
    const cookie = cookieOf(call.request, parts.baseUrl());
    const isUse = !isForm && (path === LIVE_PATH || call.request.headers.has(BY_ITSELF)) ? "by itself" : "by hand";
    const session = findSession(parts.writer, operators, cookie, isUse);
    const viewer = session === null ? null : viewerOf(session, cookie, health.failures);
    if (found === null) {
      if (viewer === null) return redirect(SIGN_IN);
      return page(framed("Not here", viewer, html`<p>There is no such page.</p>`), 404);
    }
    try {
      if (isForm && !isOwnOrigin(call.request, parts.baseUrl()))
        return page(bare("Not sent", html`<p>This form did not come from a page of this console.</p>`), 403);
      const fields = isForm ? await call.form() : new URLSearchParams();
      const visit: Visit = {
        parts,
        operators,
        call,
        query: call.query,
        id: found.id,
        fields,
        now: clock.now(),
        mayTry,
        mayTest,
        live,
        health,
      };
      if (session === null || viewer === null)
        return await (found.entry.leave === "anyone" ? found.entry.handle(visit) : redirect(SIGN_IN));
      if (isUse === "by hand") health.freshen();
      const actor = { type: "operator", id: session.operator_id } as const;
      return await handle(found.entry, { ...visit, session, viewer, actor }, isForm);
    } catch (error) {
      if (error instanceof Problem || error instanceof StorageBusy) return refusal(error, viewer);
      throw error;
    }
  };
  return { live, health, answer };
}

/** The script's own requests say so: a page that keeps itself up to date keeps nobody signed in. */
const BY_ITSELF = "x-console-by-itself";
const SIGN_IN = "/console/sign-in";

async function handle(entry: Entry, visit: SignedIn, isForm: boolean): Promise<Reply> {
  const { session, viewer, fields } = visit;
  if (entry.leave === "anyone") return entry.handle(visit);
  if (isForm && !equalInConstantTime(sha256(fields.get("token") ?? ""), sha256(viewer.token)))
    return page(
      bare("Not sent", html`<p>This form is from another session. <a href="/console">Begin again</a>.</p>`),
      403,
    );
  if (entry.leave === "enrolling") return entry.handle(visit);
  if (session.is_full === 0) return redirect("/console/enrol");
  if (!mayAct(session.role, entry.leave))
    return page(
      framed(
        "Not allowed",
        viewer,
        html`<p>This takes the role ${entry.leave}; yours is ${session.role}. An administrator can give another.</p>`,
      ),
      403,
    );
  return entry.handle(visit);
}

/** The route of a path, and what stands at its `:id`. */
function find(entries: readonly Entry[], path: string): { entry: Entry; id: string } | null {
  const parts = path.split("/");
  for (const entry of entries) {
    const wanted = entry.path.split("/");
    if (wanted.length !== parts.length) continue;
    if (!wanted.every((part, index) => part === ":id" || part === parts[index])) continue;
    const at = wanted.indexOf(":id");
    return { entry, id: at < 0 ? "" : (parts[at] ?? "") };
  }
  return null;
}

/**
 * Whether a form was sent by a page of this server. Every browser of these days names the origin with a POST; what names
 * none is no browser, and needs no console.
 */
function isOwnOrigin(request: Request, baseUrl: string): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin") return false;
  const origin = request.headers.get("origin");
  if (origin === null || !URL.canParse(origin)) return false;
  return origin === new URL(baseUrl).origin || new URL(origin).host === request.headers.get("host");
}

function viewerOf(session: Session, token: string | null, failures: number): Viewer {
  return { name: session.name, role: session.role, token: formToken(token ?? ""), failures };
}

function refusal(error: Problem | StorageBusy, viewer: Viewer | null): Reply {
  const status = error instanceof Problem ? error.status : 503;
  const content = html`<p class="notice">${error.message}</p><p><a href="/console">To the console</a></p>`;
  return page(
    viewer === null ? bare("Not done", content) : framed("Not done", viewer, content),
    status,
    error instanceof Problem ? error.headers : {},
  );
}
