import { expect, test } from "bun:test";
import { proxyCaution } from "../../src/platform/proxy-caution.ts";

const listen = { host: "127.0.0.1", port: 8787, trustProxy: [] as string[] };
const tls = { cert: "/c", key: "/k", minVersion: "1.2", hstsDays: 365 } as const;
const https = "https://approve.example.com";

test("a proxy that has to be there and is not named is cautioned of, and no other set-up", () => {
  expect(proxyCaution({ listen, baseUrl: https })?.what).toContain("it is not named");
  for (const fine of [
    { listen, baseUrl: "http://127.0.0.1:8787" },
    { listen: { ...listen, trustProxy: ["127.0.0.1/32", "fd00::/8", "10.0.0.0/8"].slice(0, 1) }, baseUrl: https },
    { listen: { ...listen, tls }, baseUrl: https },
  ])
    expect(proxyCaution(fine)).toBeNull();
});

test("believing nearly everybody is cautioned of", () => {
  for (const network of ["0.0.0.0/0", "::/0", "128.0.0.0/1", "2000::/3"])
    expect(
      proxyCaution({ listen: { ...listen, trustProxy: ["127.0.0.1/32", network] }, baseUrl: https })?.what,
    ).toStartWith(`${network} lets strangers`);
  for (const network of ["10.0.0.0/8", "2001:db8::/32", "172.16.0.0/12"])
    expect(proxyCaution({ listen: { ...listen, trustProxy: [network] }, baseUrl: https })).toBeNull();
});
