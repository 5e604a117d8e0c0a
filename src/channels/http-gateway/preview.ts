/** A dry run: the request as it would be sent, for the operator's eyes, with nothing secret in it. */
import type { HttpGatewayConfig } from "../../platform/config/http-gateway.ts";
import type { OutgoingMessage } from "../channel.ts";
import { hide } from "./conceal.ts";
import type { Exchange } from "./exchange.ts";
import { callbackUrl } from "./proof.ts";
import { describeRequest, gatewayMessage } from "./request.ts";
import { secretsOf } from "./secrets.ts";

/**
 * Sends nothing and fetches no token. Credentials show as `[hidden]`, wherever they stand.
 *
 * @throws Error when the operator's function or shape gives what can't be written
 */
export function previewRequest(config: HttpGatewayConfig, message: OutgoingMessage, hooksUrl: string | null): Exchange {
  const receipts = config.receipts === undefined ? null : callbackUrl(hooksUrl, config.hooks, "receipt");
  const receiptUrl = receipts === null ? null : `${receipts}?delivery=${encodeURIComponent(message.deliveryId)}`;
  const request = describeRequest(config, gatewayMessage(config, message, receiptUrl));
  const secrets = secretsOf(config, request);
  const shown = (text: string) => hide(text, secrets);
  const headers = Object.entries({ ...request.headers, ...credentials(config) });
  return {
    method: request.method,
    url: shown(request.url),
    headers: Object.fromEntries(headers.map(([name, value]) => [name, shown(value)])),
    body: request.body === null ? null : shown(request.body),
  };
}

function credentials({ auth }: HttpGatewayConfig): Readonly<Record<string, string>> {
  switch (auth?.type) {
    case undefined:
      return {};
    case "basic":
      return { authorization: "Basic [hidden]" };
    case "bearer":
    case "oauth2":
      return { authorization: "Bearer [hidden]" };
    case "header":
      return { [auth.name.toLowerCase()]: "[hidden]" };
    case "hmac":
      return { [auth.header.toLowerCase()]: `${auth.prefix}[hidden]` };
  }
}
