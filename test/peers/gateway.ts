/**
 * An HTTP gateway for texts, odd in the ways that real ones are: it takes JSON, forms or XML, says 200 to what it
 * refuses, and hides the id of a message somewhere in its answer. It is strict: what it can't read it answers with 400.
 * XML is read by Python's expat, as a gateway's own reader would, not by anything of PausePoint's.
 */

export interface Taken {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly raw: string;
  /** The body as a reader of its kind sees it. */
  readonly body: unknown;
}

export interface GatewayPeer {
  readonly url: string;
  readonly requests: Taken[];
  /** What is answered from now on. */
  answer: (taken: Taken) => Response | Promise<Response>;
  stop(): Promise<void>;
}

export function startGateway(): GatewayPeer {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const raw = await request.text();
      const body = await read(request.headers.get("content-type") ?? "", raw);
      if (body === UNREADABLE) return new Response("unreadable", { status: 400 });
      const taken = { method: request.method, url: new URL(request.url), headers: request.headers, raw, body };
      peer.requests.push(taken);
      return peer.answer(taken);
    },
  });
  const peer: GatewayPeer = {
    url: `http://127.0.0.1:${server.port}`,
    requests: [],
    answer: () => Response.json({ messages: [{ id: "msg-1", status: "0" }] }),
    stop: () => server.stop(true),
  };
  return peer;
}

const UNREADABLE = Symbol("unreadable");

async function read(type: string, raw: string): Promise<unknown> {
  if (raw === "") return null;
  try {
    if (type.startsWith("application/json")) return JSON.parse(raw);
    if (type.startsWith("application/x-www-form-urlencoded")) return [...new URLSearchParams(raw)];
    if (type.startsWith("application/xml")) return await readXml(raw);
  } catch {
    return UNREADABLE;
  }
  return UNREADABLE;
}

/** Every element and attribute as `[path, text]`. */
async function readXml(raw: string): Promise<unknown> {
  const python = Bun.spawn(["python3", "-c", READER], { stdin: new Blob([raw]), stdout: "pipe", stderr: "ignore" });
  const text = await new Response(python.stdout).text();
  if ((await python.exited) !== 0) throw new Error("no XML");
  return JSON.parse(text);
}

const READER = `
import json, sys
import xml.etree.ElementTree as tree
found = []
def walk(element, path):
    here = path + "/" + element.tag
    for name, value in element.attrib.items():
        found.append([here + "/@" + name, value])
    if len(element) == 0 or (element.text or "") != "":
        found.append([here, element.text or ""])
    for child in element:
        walk(child, here)
walk(tree.fromstring(sys.stdin.buffer.read()), "")
print(json.dumps(found))
`;
