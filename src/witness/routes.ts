import type { Reply, Route } from "../access/index.ts";
import { version } from "../platform/version.ts";
import type { Verdict, Witness } from "./witness.ts";

/** What a witness serves (C2SP tlog-witness v1.0.0), and a page that says what it is. */
export function witnessRoutes(witness: Pick<Witness, "vkey" | "watched" | "submit">): Route[] {
  return [
    {
      method: "POST",
      path: "/add-checkpoint",
      access: "public",
      async handle(call) {
        return replyOf(witness.submit(decoded(await call.bytes())));
      },
    },
    {
      method: "GET",
      path: "/",
      access: "public",
      handle: () => ({ status: 200, headers: TEXT, body: introduction(witness) }),
    },
    { method: "GET", path: "/healthz", access: "public", handle: () => ({ status: 200, body: { status: "ok" } }) },
  ];
}

const TEXT = { "content-type": "text/plain; charset=utf-8" };

function replyOf(verdict: Verdict): Reply {
  if (verdict.status === 200) return { status: 200, headers: TEXT, body: verdict.line };
  if ("knownSize" in verdict)
    return { status: 409, headers: { "content-type": "text/x.tlog.size" }, body: `${verdict.knownSize}\n` };
  return { status: verdict.status, headers: TEXT, body: `${verdict.why}\n` };
}

/** What is no UTF-8 is no note: the marks that stand for it are refused there. */
function decoded(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

/** Names and sizes of the logs are left out: they are no business of whoever comes by. */
function introduction({ vkey, watched }: Pick<Witness, "vkey" | "watched">): string {
  return (
    `A witness of transparency logs (C2SP tlog-witness), PausePoint ${version.number}.\n\n` +
    "It cosigns a checkpoint only when that contains all it has cosigned before. It knows of each log the name, the\n" +
    "number of entries and one hash, and nothing of what stands in it.\n\n" +
    `Its key: ${vkey}\nLogs that it watches: ${watched.length}\n`
  );
}
