import type { Call, Reply, Route } from "../access/index.ts";
import type { Channel, Report } from "../channels/channel.ts";
import { Problem } from "../platform/problem.ts";
import { isWebhook } from "../webhooks/index.ts";

/** A channel whose peer may call us. */
export interface HookedChannel {
  readonly channel: Channel;
  readonly report: Report;
}

/**
 * Where peers bring receipts, replies and taps: `/hooks/<channel's name>/<what the channel calls it>`. The channel
 * itself proves who is calling, over the very bytes and the address that the peer used.
 */
export function hookRoutes(channels: ReadonlyMap<string, HookedChannel>, baseUrl: () => string): Route[] {
  const handle = async (call: Call): Promise<Reply> => {
    const hooked = channels.get(call.param("channel"));
    if (hooked?.channel.receive === undefined)
      throw new Problem("not-found", "No channel of that name is called here.");
    const { request } = call;
    // An agent may have named this address for a webhook, which then comes from where a gateway is trusted.
    if (isWebhook(request.headers)) return OWN_WEBHOOK;
    const { pathname, search } = splitUrl(request.url);
    const method = request.method === "POST" ? "POST" : "GET";
    return await hooked.channel.receive(
      {
        method,
        url: `${baseUrl()}${pathname}${search}`,
        rest: call.param("rest"),
        headers: Object.fromEntries(request.headers),
        body: method === "POST" ? await call.bytes() : new Uint8Array(),
        address: call.provenAddress,
      },
      hooked.report,
    );
  };
  return (["GET", "POST"] as const).map((method) => ({
    method,
    path: "/hooks/:channel/:rest",
    access: "public" as const,
    handle,
  }));
}

const OWN_WEBHOOK: Reply = {
  status: 403,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body: "A webhook of PausePoint is no call of a gateway.",
};

/** Path and query exactly as they came: a signature is made over each character. */
function splitUrl(url: string): { pathname: string; search: string } {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  const path = start < 0 ? "/" : url.slice(start);
  const query = path.indexOf("?");
  return query < 0 ? { pathname: path, search: "" } : { pathname: path.slice(0, query), search: path.slice(query) };
}
