import type { Target, Tested } from "../../respond/trial/index.ts";
import { print } from "../output.ts";

/** What became of test messages, as aligned lines. */
export function printTest({ name, kind, to }: Target, tested: readonly Tested[]): void {
  line("channel", `${name} (${kind})`);
  line("to", to);
  for (const one of tested) {
    line("text", one.text);
    line("segments", segmentsInWords(one));
    if (one.sent === null) printRequest(one.request, kind);
    else printSent(one.sent, one.receipt);
    if (one.compare !== null) line("compare", one.compare);
  }
}

function printSent({ result, latencyMs }: NonNullable<Tested["sent"]>, receipt: Tested["receipt"]): void {
  line("outcome", "error" in result ? `${result.outcome}: ${result.error}` : result.outcome);
  if (result.outcome === "retry") {
    if (result.retryAfterMs !== null) line("again", `after ${result.retryAfterMs} ms, as the peer asked`);
    if (result.isChannelDown === true)
      line("channel", "down: nothing else is sent over it until a message gets through");
  }
  if ("providerId" in result) line("id", result.providerId ?? "none");
  const body = result.excerpt ?? (result.status === null ? "none" : "no text, or one that repeats the message");
  line("answer", result.status === null ? body : `${result.status}  ${body}`);
  line("latency", `${latencyMs} ms`);
  if (receipt === "none") line("receipt", "none in this time; carriers can take minutes, and some give none");
  else if (receipt !== null) {
    const words = receipt.error === null ? receipt.status : `${receipt.status}: ${receipt.error}`;
    line("receipt", `${words}, after ${receipt.afterMs} ms`);
  }
}

function printRequest(request: Tested["request"], kind: string): void {
  line("outcome", "nothing was sent");
  if (request === null) {
    line("request", `${kind} can't show one; an HTTP gateway and Kannel can`);
    return;
  }
  line("request", `${request.method} ${request.url}`);
  for (const [name, value] of Object.entries(request.headers)) line("", `${name}: ${value}`);
  if (request.body !== null) line("", request.body);
}

function segmentsInWords({ segments, outsideGsm7 }: Tested): string {
  if (segments === null) return "cost nothing here";
  const { encoding, count } = segments;
  const because = outsideGsm7.length === 0 ? "" : `, because of ${outsideGsm7.join(" ")}`;
  return `${count} in ${encoding}${because}`;
}

const WIDTH = 10;

function line(name: string, value: string): void {
  print(`${name.padEnd(WIDTH)}${value.replaceAll("\n", `\n${" ".repeat(WIDTH)}`)}`);
}
