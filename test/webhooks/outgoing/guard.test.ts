import { describe, expect, test } from "bun:test";
import { addressGuard, type GuardOptions } from "../../../src/webhooks/outgoing/index.ts";
import { answers, hosts, publicAddresses, urls } from "./forms.ts";

const strict = guard();

function guard(options: Partial<GuardOptions> = {}) {
  return addressGuard({ allowNetworks: [], allowLoopback: false, ...options });
}

/** The URL as it is kept, or why it was refused. */
function checked(text: string, options?: Partial<GuardOptions>): string {
  const verdict = guard(options).checkUrl(text);
  return verdict.kind === "accepted" ? verdict.url : verdict.reason;
}

describe("a URL is refused as soon as it is given", () => {
  for (const [what, forms] of Object.entries(hosts)) {
    test(`when its host is, or says: ${what}`, () => {
      const accepted = forms.filter((host) => strict.checkUrl(`http://${host}/hook`).kind === "accepted");
      expect(accepted).toEqual([]);
    });
  }

  test("when it is none that leads over HTTP to a public host", () => {
    const accepted = urls.filter((url) => strict.checkUrl(url.replaceAll("{port}", "8080")).kind === "accepted");
    expect(accepted).toEqual([]);
  });

  test("with a sentence that tells the developer why", () => {
    const only = "webhooks go there only where `webhooks.allowNetworks` allows it";
    expect(checked("http://10.0.0.1/")).toBe(`leads to a private network address (10.0.0.1); ${only}`);
    expect(checked("http://0x7f.1/")).toBe(`leads to a loopback address (127.0.0.1); ${only}`);
    expect(checked("http://[64:ff9b::10.0.0.1]/")).toBe(
      `leads to a private network address inside an IPv6 one (64:ff9b::a00:1); ${only}`,
    );
    expect(checked("http://168.63.129.16/")).toBe(`leads to the metadata service of a cloud (168.63.129.16); ${only}`);
    expect(checked("http://localhost:3000/")).toBe(`leads to this machine itself; ${only}`);
    expect(checked("http://db.internal/")).toBe(`has a name of a local network (db.internal); ${only}`);
    expect(checked("http://a..example.com/")).toBe("has no valid host name");
    expect(checked("ftp://example.com/")).toBe("must begin with http:// or https:// and a host");
    expect(checked("https://me:secret@example.com/")).toBe("must not have a user name or password in it");
    expect(checked("https://example.com:0/")).toBe("has port 0, which cannot be called");
    expect(checked("https://example.com/a b")).toBe("has a space, a control character or a backslash in it");
    expect(checked("https://example.com:99999/")).toBe("is not a valid URL");
  });

  test("when it is longer than 2,048 characters, as it is written or as it is sent", () => {
    const start = "https://example.com/";
    const longest = start + "a".repeat(2048 - start.length);
    expect(checked(longest)).toBe(longest);
    expect(checked(`${longest}a`)).toBe("is longer than 2,048 characters");
    expect(checked(start + "é".repeat(1000))).toBe("is longer than 2,048 characters once its special ones are escaped");
    expect(checked(`${longest}${"#".repeat(1e6)}`)).toBe("is longer than 2,048 characters");
  });
});

describe("a URL is accepted", () => {
  test("in the one spelling that it is called by, without its fragment", () => {
    expect(checked("HTTPS://Example.COM:443/a/../b?c=d#e")).toBe("https://example.com/b?c=d");
    expect(checked("http://bücher.example")).toBe("http://xn--bcher-kva.example/");
    expect(checked("http://example.com:8080?x=1@2")).toBe("http://example.com:8080/?x=1@2");
    expect(checked("https://hooks.example.com./p%20q")).toBe("https://hooks.example.com./p%20q");
    expect(checked("https://a_b.example.com:1/")).toBe("https://a_b.example.com:1/");
    expect(checked("https://local.example.com/")).toBe("https://local.example.com/");
    expect(checked("https://notlocalhost.example/")).toBe("https://notlocalhost.example/");
  });

  test("when its host is a public address", () => {
    const refused = publicAddresses.filter((address) => {
      const host = address.includes(":") ? `[${address}]` : address;
      return strict.checkUrl(`https://${host}/`).kind === "refused";
    });
    expect(refused).toEqual([]);
  });
});

describe("an address that a name leads to", () => {
  test("is refused when it is not a public one, in whatever IPv6 it is wrapped", () => {
    const allowed = Object.values(answers)
      .flat()
      .filter((address) => strict.refusal(address) === null);
    expect(allowed).toEqual([]);
  });

  test("is allowed when it is public", () => {
    expect(publicAddresses.filter((address) => strict.refusal(address) !== null)).toEqual([]);
  });
});

describe("the operator's networks", () => {
  const allowNetworks = ["10.0.0.0/8", "fd00::/8", "169.254.7.7/32"];

  test("are allowed as they are and as IPv4 mapped into IPv6, the rest stays refused", () => {
    const own = guard({ allowNetworks });
    for (const address of ["10.0.0.1", "10.255.255.255", "::ffff:10.0.0.1", "::ffff:a00:1", "fd12::1", "169.254.7.7"]) {
      expect([address, own.refusal(address)]).toEqual([address, null]);
    }
    for (const address of ["11.0.0.0", "8.8.8.8"]) expect([address, own.refusal(address)]).toEqual([address, null]);
    for (const address of [
      "127.0.0.1",
      "192.168.0.1",
      "169.254.7.8",
      "169.254.169.254",
      "::1",
      "fe80::1",
      "fc00::1",
      "::ffff:192.168.0.1",
      // Neither is where the operator's network is: one leads to no one, the other over somebody's translator.
      "::10.0.0.1",
      "64:ff9b::10.0.0.1",
      "2002:a00:1::",
    ]) {
      expect([address, own.refusal(address) === null]).toEqual([address, false]);
    }
  });

  test("let names of a local network through, which are checked when they are resolved", () => {
    for (const url of ["http://receiver:8080/", "http://db.internal/", "http://printer.local/", "http://localhost/"]) {
      expect(checked(url, { allowNetworks })).toBe(url);
    }
    expect(checked("http://10.1.2.3/", { allowNetworks })).toBe("http://10.1.2.3/");
    expect(checked("http://127.0.0.1/", { allowNetworks })).toStartWith("leads to a loopback address (127.0.0.1);");
  });

  test("that are not in CIDR notation stop the start", () => {
    expect(() => guard({ allowNetworks: ["10.0.0.0"] })).toThrow();
    expect(() => guard({ allowNetworks: ["everything"] })).toThrow();
  });
});

describe("while this machine is allowed", () => {
  test("a receiver on it can be named in every usual way, and nothing else of the inside", () => {
    const accepted = [
      "http://localhost:3000/",
      "http://127.0.0.1:3000/",
      "http://[::1]:3000/",
      "http://hooks.localhost/",
      "http://[::ffff:7f00:1]/",
    ];
    for (const url of accepted) expect(checked(url, { allowLoopback: true })).toBe(url);
    for (const url of ["http://0.0.0.0/", "http://10.0.0.1/", "http://169.254.169.254/", "http://[::7f00:1]/"]) {
      expect(checked(url, { allowLoopback: true })).toStartWith("leads to ");
    }
    for (const url of ["http://db.internal/", "http://receiver/"]) {
      expect(checked(url, { allowLoopback: true })).toStartWith("has a name of a local network");
    }
  });
});
