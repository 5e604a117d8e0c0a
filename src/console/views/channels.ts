/** One channel of the configuration, and a test message through it. */
import type { Call, Reply } from "../../access/index.ts";
import type { AddressKind } from "../../channels/channel.ts";
import type { ConfiguredChannel } from "../../channels/configured.ts";
import { Problem } from "../../platform/problem.ts";
import {
  kindOf,
  readTarget,
  recordTested,
  requestTest,
  type Target,
  type Tested,
  Trial,
  usualText,
} from "../../respond/trial/index.ts";
import { type Fragment, field, framed, Html, html, words } from "../html.ts";
import { type Entry, mayAct, page, type SignedIn } from "../visit.ts";

const LONGEST_ADDRESS = 320;

export const channelEntries: { readonly pages: readonly Entry[]; readonly forms: readonly Entry[] } = {
  pages: [{ path: "/console/channels/:id", leave: "viewer", handle: show }],
  forms: [{ path: "/console/channels/:id/test", leave: "operator", handle: sendTest }],
};

/** A page about a channel, after a test or without. */
interface Shown {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The address as it was typed. */
  readonly typed?: string;
  /** What is wrong with it. */
  readonly fault?: string;
  readonly outcome?: Html;
}

function show(visit: SignedIn): Reply {
  const { parts, id, viewer } = visit;
  const channel = parts.channels.get(id);
  if (channel !== undefined) return channelPage(visit, channel, {});
  const settings = Object.hasOwn(parts.config.channels, id) ? parts.config.channels[id] : undefined;
  if (settings?.kind !== "fallback") throw unknown();
  const steps = settings.channels.map((name) => html`<li><a href="/console/channels/${name}">${name}</a></li>`);
  const content = html`<p>It stands for these channels, one after the other until one was seen. Test each by itself.</p><ol>${steps}</ol>`;
  return page(framed(`Channel ${id}`, viewer, content, { under: "Settings" }));
}

function unknown(): Problem {
  return new Problem("not-found", "There is no such channel in the configuration.");
}

function channelPage(visit: SignedIn, channel: ConfiguredChannel, shown: Shown): Reply {
  const { parts, id, viewer } = visit;
  const content = html`${shown.outcome ?? null}<dl class="facts"><div><dt>Through</dt><dd>${kindOf(parts.config, id)}</dd></div><div><dt>Takes</dt><dd>${takes(channel)}</dd></div><div><dt>Replies</dt><dd>${REPLIES[channel.replies]}</dd></div></dl>${mayAct(viewer.role, "operator") ? testForm(visit, channel, shown) : null}`;
  return page(framed(`Channel ${id}`, viewer, content, { under: "Settings" }), shown.status, shown.headers);
}

const TAKES: Readonly<Record<AddressKind, string>> = {
  phone: "a phone number",
  email: "an email address",
  slack: "a Slack user or channel id",
  topic: "a topic",
  text: "an address",
};

function takes({ channel }: ConfiguredChannel): string {
  return channel.addressHint ?? TAKES[channel.addressKind];
}

const REPLIES: Readonly<Record<ConfiguredChannel["replies"], string>> = {
  off: "decide nothing",
  code: "decide with the text's code",
  open: "decide, also without a code",
};

function testForm({ id, viewer, parts }: SignedIn, channel: ConfiguredChannel, { typed = "", fault }: Shown): Html {
  const wrong =
    fault === undefined
      ? null
      : html`<p class="notice" role="alert" id="fault"><a href="#address">Address</a> ${fault}.</p>`;
  const invalid = fault === undefined ? null : new Html(' aria-invalid="true" aria-describedby="fault"');
  const people = Object.keys(parts.config.people).length > 0 ? ", or @name of a person in the configuration" : "";
  const below = html`It takes ${takes(channel)}${people}. A real message goes out, which may cost something; it asks nothing.`;
  return html`<section aria-labelledby="test"><h2 id="test">Send me a test</h2>${wrong}<form method="post" action="/console/channels/${id}/test" class="stacked"><input type="hidden" name="token" value="${viewer.token}">${field(
    "Address",
    "address",
    html`required maxlength="${LONGEST_ADDRESS}" autocomplete="off" autocapitalize="none" spellcheck="false" value="${typed}"${invalid}`,
    below,
  )}<button>Send the test</button></form></section>`;
}

async function sendTest(visit: SignedIn): Promise<Reply> {
  const { parts, id, fields, call, actor, session, mayTest, now } = visit;
  const channel = parts.channels.get(id);
  if (channel === undefined) throw unknown();
  const typed = (fields.get("address") ?? "").trim().slice(0, LONGEST_ADDRESS).toWellFormed();
  const target = readTarget(parts.config, id, channel, typed);
  if ("refusal" in target) return channelPage(visit, channel, { status: 422, typed, fault: target.refusal });
  if (!mayTest(session.operator_id))
    return notSent(visit, channel, { typed, why: "you have sent several tests in the last minutes", waitMs: 60_000 });
  const test = { id: parts.context.ids.next("dlv").id, target, actor };
  const limits = { channel: channel.channel, perHour: parts.config.limits.messagesPerHour };
  const refusal = await parts.writer.write((tx) => requestTest(tx, parts.context, test, limits));
  if (refusal !== null) {
    const waitMs = refusal.at === null ? null : refusal.at - now;
    return notSent(visit, channel, { typed, why: refusal.why, waitMs });
  }
  const tested = await handOver(call, new Trial(target, channel, parts.context), {
    text: usualText({ ...parts.config, baseUrl: parts.baseUrl() }, channel.segments),
    id: test.id,
  });
  await parts.writer.write((tx) => recordTested(tx, parts.context, test, tested.sent.result.outcome));
  return channelPage(visit, channel, { typed, outcome: outcomeOf(target, tested) });
}

/** A carrier may take longer than the server waits for a silent connection. */
function handOver(call: Call, trial: Trial, { text, id }: { text: ReturnType<typeof usualText>; id: string }) {
  return call.hold(() => trial.sendInUse(text, id));
}

function notSent(
  visit: SignedIn,
  channel: ConfiguredChannel,
  { typed, why, waitMs }: { readonly typed: string; readonly why: string; readonly waitMs: number | null },
): Reply {
  const minutes = waitMs === null ? null : Math.max(1, Math.ceil(waitMs / 60_000));
  const wait = minutes === null ? "" : ` Try again in ${minutes} minute${minutes === 1 ? "" : "s"}.`;
  const outcome = html`<p class="notice" role="alert">Nothing was sent: ${why}.${wait}</p>`;
  const headers = waitMs === null ? {} : { "retry-after": String(Math.max(1, Math.ceil(waitMs / 1000))) };
  return channelPage(visit, channel, { status: waitMs === null ? 409 : 429, headers, typed, outcome });
}

/** What became of a test, in plain words first. */
function outcomeOf({ to }: Target, { sent: { result, latencyMs }, segments, text }: SentTest): Html {
  const cost =
    segments === null
      ? null
      : html`<div><dt>Cost</dt><dd>${segments.count} ${segments.count === 1 ? "segment" : "segments"} in ${segments.encoding}</dd></div>`;
  const answer =
    result.status === null && result.excerpt === null
      ? null
      : html`<div><dt>Answer</dt><dd>${result.status ?? ""}${result.excerpt === null ? null : html` <code>${words(result.excerpt)}</code>`}</dd></div>`;
  const known =
    "providerId" in result && result.providerId !== null
      ? html`<div><dt>Its id there</dt><dd><code>${words(result.providerId)}</code></dd></div>`
      : null;
  return html`<section class="notice" role="status" aria-labelledby="outcome"><h2 id="outcome">${headline(result)}</h2><p>${explanation(result)}</p><dl class="facts"><div><dt>To</dt><dd>${words(to)}</dd></div><div><dt>Took</dt><dd>${latencyMs} ms</dd></div>${cost}${known}${answer}</dl><details><summary>What it says</summary><blockquote>${words(text)}</blockquote></details></section>`;
}

type SentTest = Tested & { readonly sent: NonNullable<Tested["sent"]> };
type Result = SentTest["sent"]["result"];

function headline({ outcome }: Result): string {
  if (outcome === "delivered") return "It is there";
  if (outcome === "sent") return "It was taken";
  return outcome === "failed" ? "It was refused" : "It was not taken now";
}

function explanation(result: Result): Fragment {
  if (!("error" in result))
    return result.outcome === "delivered"
      ? "It arrived where it is read."
      : "The other side has it to pass on. Whether it arrives, you see where it was sent.";
  const why = html`The reason: ${words(result.error)}.`;
  if (result.outcome === "failed") return html`${why} The same message would be refused again.`;
  const rest = result.isChannelDown === true ? " Nothing else gets through this channel now, either." : "";
  return html`${why} A question would be tried again by itself; a test is not.${rest}`;
}
