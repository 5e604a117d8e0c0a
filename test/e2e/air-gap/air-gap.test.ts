/** The executable where there is no network but a gateway: it does its whole job, and tries to reach nobody else. */
import { describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { environment, folderWith, run } from "../../support/binary.ts";
import { pathOf, testNeeding } from "../../support/needs.ts";
import { destinationsIn } from "./connections.ts";
import type { Report } from "./inside.ts";

/** Does the whole job in a namespace of its own. No proxy of this machine's is told of. */
async function cutOff(...args: string[]): Promise<Report> {
  const env = Object.entries(environment()).filter(([name]) => !/_proxy$/i.test(name));
  const place = folderWith();
  const script = `ip link set lo up && exec "$0" "$@"`;
  const inside = [process.execPath, join(import.meta.dir, "inside.ts"), ...args];
  const namespace = pathOf("network namespace").split(" ");
  const { status, stdout, stderr } = await run(
    [...namespace, "sh", "-c", script, ...inside],
    place,
    Object.fromEntries(env),
  );
  rmSync(place, { recursive: true, force: true });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

const gapTest = testNeeding("dist/pausepoint", "network namespace", "strace");

describe("without a network but for loopback", () => {
  gapTest(
    "a question goes out, is answered and told of, and nobody is called but the gateway, the SMSC and the receiver",
    async () => {
      const report = await cutOff();
      expect(report.interfaces).toEqual([expect.stringMatching(/^lo /)]);
      expect(report.endings).toEqual(["responded Approve page opened", "responded Approve page opened"]);
      expect(report).toMatchObject({ webhooks: 2, verified: 0 });
      expect(report.destinations.filter((one) => !report.configured.includes(one))).toEqual([]);
      expect(report.destinations.toSorted()).toEqual(report.configured.toSorted());
    },
    300_000,
  );

  gapTest(
    "a host that is configured and not there is on the list, and so is the asking for a name",
    async () => {
      const { destinations, configured, endings } = await cutOff("--with-others");
      expect(endings).toHaveLength(2);
      const others = destinations.filter((one) => !configured.includes(one));
      expect(others).toContain("192.0.2.10:2775");
      expect(others).toContainEqual(expect.stringMatching(/:53$/));
    },
    300_000,
  );
});

test.each([
  [
    '7 connect(20, {sa_family=AF_INET, sin_port=htons(2775), sin_addr=inet_addr("192.0.2.1")}, 16) = -1',
    "192.0.2.1:2775",
  ],
  [
    'connect(20, {sa_family=AF_INET, sin_port=htons(1), sin_addr=inet_addr("10.0.0.1")}, 16 <unfinished ...>',
    "10.0.0.1:1",
  ],
  [
    '7 connect(9, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=0}, 28) = 0',
    "[2001:db8::1]:443",
  ],
  [
    '7 sendto(9, "x", 1, 0, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.2")}, 16) = 1',
    "10.0.0.2:53",
  ],
  [
    '7 sendmsg(9, {msg_name={sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("10.0.0.3")}, msg_namelen=16, msg_iov=[{iov_base="x", iov_len=1}]}, 0) = 1',
    "10.0.0.3:9",
  ],
  ['7 connect(9, {sa_family=AF_UNIX, sun_path="/run/nscd/socket"}, 110) = -1 ENOENT', "unix:/run/nscd/socket"],
  ["7 io_uring_setup(8, {}) = 4", "io_uring"],
  ['7 accept4(3, {sa_family=AF_INET, sin_port=htons(5), sin_addr=inet_addr("10.0.0.4")}, [16], 0) = 5', null],
  ['7 bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("127.0.0.1")}, 16) = 0', null],
  ['7 sendto(9, "{sa_family", 10, 0, NULL, 0) = 10', null],
  ["7 sendto(9, [{nlmsg_len=20}], 20, 0, {sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, 12) = 20", null],
])("of %s the destination is %p", (line, destination) => {
  expect(destinationsIn(line)).toEqual(destination === null ? [] : [destination]);
});
