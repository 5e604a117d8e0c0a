import { connect, isIP } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterLong, type Clock } from "../../platform/clock.ts";
import type { Probed } from "../channel.ts";
import { neverTaken, type Way } from "./exchange.ts";

/**
 * Whether anybody takes connections at an address, with TLS as it would be spoken for a message. Nothing is asked there:
 * any request at all may be one that sends a text. With a proxy, only that is tried.
 */
export async function reach(address: string, way: Way, clock: Clock, stop: AbortSignal): Promise<Probed> {
  const { peer, proxy, timeoutSeconds, tls } = way;
  const { hostname, port, protocol } = new URL(proxy ?? address);
  const isTls = protocol === "https:";
  const host = hostname.replace(/^\[|\]$/g, "");
  const at = { host, port: Number(port) || (isTls ? 443 : 80), autoSelectFamily: true };
  const { promise, resolve } = Promise.withResolvers<Probed>();
  const name = tls.serverName ?? host;
  const { ca, cert, key } = proxy === undefined ? tls : {};
  const socket = isTls
    ? connectTls({
        ...at,
        rejectUnauthorized: true,
        ...(isIP(name) === 0 ? { servername: name } : {}),
        ...(ca === undefined ? {} : { ca }),
        ...(cert === undefined || key === undefined ? {} : { cert, key }),
      })
    : connect(at);
  const whose = proxy === undefined ? peer : `the proxy to ${peer}`;
  const refuse = (found: string) => resolve({ outcome: "refused", found });
  const late = () => refuse(`${whose} took no connection in time`);
  const cancel = afterLong(clock, timeoutSeconds * 1000, late);
  stop.addEventListener("abort", late);
  socket.once(isTls ? "secureConnect" : "connect", () =>
    resolve({ outcome: "reached", found: `${whose} takes connections; its credentials were not tried` }),
  );
  socket.on("error", (error) => {
    const code = "code" in error && typeof error.code === "string" ? error.code : "no code";
    refuse(neverTaken(code, whose, cert !== undefined) ?? `${whose} cannot be reached (${code})`);
  });
  socket.on("close", () => refuse(`${whose} closes the connection`));
  try {
    return await promise;
  } finally {
    cancel();
    stop.removeEventListener("abort", late);
    socket.destroy();
  }
}
