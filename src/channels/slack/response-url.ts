/**
 * The way back to who tapped: the `response_url` of an interaction, good for half an hour.
 * https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
 */
import { afterLong, type Clock } from "../../platform/clock.ts";
import type { SlackConfig } from "../../platform/config/slack.ts";
import type { Log } from "../../platform/log.ts";
import { escapeMarkup, sections } from "./blocks.ts";
import { visibleText } from "./visible.ts";

/**
 * Whether an address that came with a payload is Slack's: https (wss for sockets) on slack.com or slack-gov.com, or the
 * host of `apiBase`, which may be without TLS where that is.
 */
export function isSlackAddress(address: string, scheme: "https" | "wss", apiBase: string): boolean {
  const url = URL.parse(address);
  const own = new URL(apiBase);
  if (url === null || url.username !== "" || url.password !== "") return false;
  if (url.hostname === own.hostname && own.protocol === "http:" && url.protocol === `${scheme.slice(0, -1)}:`)
    return true;
  return (
    url.protocol === `${scheme}:` && (url.hostname === own.hostname || /(^|\.)slack(-gov)?\.com$/.test(url.hostname))
  );
}

/** Shows words to the one who tapped, and to nobody else. Never rejects: what was tapped is recorded without them. */
export async function whisper(
  words: string,
  responseUrl: string,
  config: SlackConfig,
  clock: Clock,
  log: Log,
): Promise<void> {
  if (!isSlackAddress(responseUrl, "https", config.apiBase)) {
    log.warn("a Slack response address was not used: it is not Slack's");
    return;
  }
  const deadline = new AbortController();
  const cancel = afterLong(clock, config.timeoutSeconds * 1000, () => deadline.abort());
  const visible = visibleText(words);
  try {
    const response = await fetch(responseUrl, {
      method: "POST",
      headers: { "Content-Type": "application/json; charset=utf-8" },
      body: JSON.stringify({
        response_type: "ephemeral",
        replace_original: false,
        text: escapeMarkup(visible),
        blocks: sections(visible),
      }),
      redirect: "manual",
      signal: deadline.signal,
    });
    await response.body?.cancel();
    if (!response.ok) log.warn("Slack did not show who tapped what became of it", { status: response.status });
  } catch {
    log.warn("Slack could not be told what became of a tap");
  } finally {
    cancel();
  }
}
