/**
 * One POST over HTTP/1.1 to addresses that were checked, and the start of its answer. Runs on node:http, whose parser
 * is strict and never looks at a proxy of the environment, at redirects, cookies or content codings.
 */
import { request as plainRequest, type RequestOptions } from "node:http";
import { request as secureRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { ExchangeFailure } from "./failure.ts";
import { hostAddress } from "./guard.ts";

export interface PinnedRequest {
  readonly url: URL;
  /** At least one; all of them may be tried, nothing else is connected to. */
  readonly addresses: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** Certificate authorities in PEM, in place of the built-in ones. */
  readonly ca: string | undefined;
  /** Ends the exchange at whatever point it is. */
  readonly signal: AbortSignal;
}

export interface AnswerStart {
  readonly status: number;
  readonly retryAfter: string | null;
  /** At most the first {@link LONGEST_EXCERPT} bytes of the body. */
  readonly body: Uint8Array;
}

/** Bytes of the body that are kept. Once they are there, the rest is not read and the connection is cut. */
const LONGEST_EXCERPT = 1024;
/** Bytes of a head, and of trailers. */
const LONGEST_HEAD = 16 * 1024;
/**
 * Bytes that are read in all. A head and an excerpt are far below, but one read of the system can bring half a megabyte;
 * above is a receiver that sends interim answers, or empty lines, for ever.
 */
const LONGEST_ANSWER = 1024 * 1024;

/** Resolves with a whole answer, or the start of a long one; rejects with what `failureWords` has words for. */
export function exchange({ url, addresses, headers, body, ca, signal }: PinnedRequest): Promise<AnswerStart> {
  return new Promise((resolve, reject) => {
    const literal = hostAddress(url.hostname);
    const options: RequestOptions = {
      method: "POST",
      host: literal ?? url.hostname,
      port: url.port === "" ? defaultPorts[url.protocol] : Number(url.port),
      path: `${url.pathname}${url.search}`,
      headers: {
        ...headers,
        "Content-Length": Buffer.byteLength(body),
        // The excerpt is for people to read.
        "Accept-Encoding": "identity",
      },
      lookup: pinnedTo(addresses),
      // A connection for each exchange: a kept one would have to be kept for the addresses that were checked. And the
      // agent that all share would take a proxy of the environment (NODE_USE_ENV_PROXY).
      agent: false,
      maxHeaderSize: LONGEST_HEAD,
      signal,
    };
    const tls = {
      // Said here, since NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment would switch it off.
      rejectUnauthorized: true,
      // Without the dot that an absolute name may end in (RFC 6066, section 3); an address is none to ask for.
      ...(literal === null ? { servername: url.hostname.replace(/\.$/, "") } : {}),
      ...(ca === undefined ? {} : { ca }),
    };
    const request = url.protocol === "https:" ? secureRequest({ ...options, ...tls }) : plainRequest(options);

    request.on("response", (response) => {
      const chunks: Uint8Array[] = [];
      let size = 0;
      const finish = () => {
        const retryAfter = response.headers["retry-after"] ?? null;
        const start = Buffer.concat(chunks).subarray(0, LONGEST_EXCERPT);
        resolve({ status: response.statusCode ?? 0, retryAfter, body: start });
        request.destroy();
      };
      response.on("data", (chunk: Uint8Array) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size >= LONGEST_EXCERPT) finish();
      });
      response.on("end", finish);
      response.on("error", reject);
    });
    request.on("socket", (socket) => {
      let read = 0;
      socket.on("data", (chunk: Uint8Array) => {
        read += chunk.length;
        if (read > LONGEST_ANSWER) request.destroy(new ExchangeFailure("the answer is endless"));
      });
    });
    request.on("error", reject);
    // An answer that switches to another protocol is none to a POST, and has no other event that anybody listens to.
    request.on("upgrade", (_response, socket) => {
      socket.destroy();
      reject(new ExchangeFailure("the receiver wants to switch to another protocol (101)"));
    });
    request.end(body);
  });
}

const defaultPorts: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

/** Answers the socket's question for the name with what was checked: to ask a resolver again would undo the check. */
function pinnedTo(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_name, { all }, callback) => {
    const [first] = found;
    if (all === true) callback(null, found);
    else callback(null, first?.address ?? "", first?.family);
  };
}
