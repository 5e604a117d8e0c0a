/** The executable with a channel that an operator has written, from a folder that holds nothing else. */
import { afterEach, expect } from "bun:test";
import { documentAt, fencesOf } from "../../docs/documents.ts";
import { type PagerPeer, startPager } from "../../peers/pager.ts";
import { type BinaryServer, environment, runBinary, serveBinary } from "../../support/binary.ts";
import { testNeeding } from "../../support/needs.ts";
import { liveKey, settled } from "./stage.ts";

const binaryTest = testNeeding("dist/pausepoint");
const KEY = "key-0123456789";
const SECRET = "secret-0123456789";

let pager: PagerPeer | null = null;
let server: BinaryServer | null = null;
afterEach(async () => {
  await server?.stop();
  await pager?.stop();
});

binaryTest("the channel of docs/channels.md, beside a file of its own, pages and takes the answer", async () => {
  pager = startPager({ key: KEY, secret: SECRET });
  const [fence] = fencesOf(documentAt("docs/channels.md"), "config").filter(
    ({ marker }) => marker?.detail === "written channel",
  );
  // The address that people reach is the server's own here, so that the peer can call it.
  const file = (fence?.text ?? "").replace('baseUrl: "https://approve.example.com",', "");
  server = await serveBinary({
    files: { "pausepoint.config.ts": file, "no.ts": "export default {};" },
    env: { PAGER_URL: pager.url, PAGER_KEY: KEY, PAGER_SECRET: SECRET },
  });
  const key = await liveKey(server);
  const pause = await server.ask({ channel: "pager", recipient: "@cfo" }, key);
  await settled(server, key, pause.pause_id, "sent");
  const [page] = pager.pages;
  expect(page?.pager).toBe("123456");
  const code = /Or reply "(\w+) 1"/.exec(page!.text)?.[1];
  expect((await pager.tell(page!, { event: "reply", text: `${code} 1` })).text).toContain(`Recorded for ${code}`);
  const { body } = await server.call(`/v1/pause/${pause.pause_id}`, { key });
  expect(body).toMatchObject({ status: "responded", response_choice: "Approve", response_via: "reply" });
  expect((await pager.tell(page!, { event: "read" }, "wrong")).status).toBe(401);
  expect(server.process.stderr).toBe("");

  const create = ["keys", "create", "--name", "limited", "--mode", "live", "--json", "--recipients", "12-34-56"];
  const env = environment({ PAGER_URL: pager.url, PAGER_KEY: KEY, PAGER_SECRET: SECRET });
  const limited = JSON.parse((await runBinary(create, server.folder, env)).stdout);
  expect(limited.limits.recipients).toEqual(["123456"]);
  expect(await server.ask({ channel: "pager", recipient: "123 456" }, limited.key)).toMatchObject({
    status: "pending",
  });
  const json = { channel: "pager", recipient: "654321", message: "Deploy?" };
  expect(await server.call("/v1/pause", { key: limited.key, json })).toMatchObject({ status: 403 });
});
