/**
 * Whom a program tried to reach, read from what strace saw of it (`-f -e trace=network,io_uring_setup`): every `connect`,
 * and every datagram with an address of its own, whether it came about or not.
 */

/** The arguments for strace that {@link destinationsIn} needs. */
export const TRACED = ["-f", "-s", "256", "-e", "trace=network,io_uring_setup"];

const OUTGOING = /^(?:\d+ +)?(?:connect|sendto|sendmsg|sendmmsg)\(/;

/**
 * `127.0.0.1:2775`, `[::1]:53`, `unix:/run/nscd/socket`, each once, in order of the first try. Asking the kernel (netlink)
 * leaves the machine as little as reading a file, and is left out. `io_uring` stands for calls that strace can't see.
 */
export function destinationsIn(trace: string): string[] {
  const found = trace.split("\n").flatMap((line) => {
    if (/\bio_uring_setup\(/.test(line)) return ["io_uring"];
    if (!OUTGOING.test(line)) return [];
    const addresses = [...line.matchAll(/\{sa_family=(\w+)([^{}]*)\}/g)];
    return addresses.flatMap(([, family = "", rest = ""]) => addressOf(family, rest));
  });
  return [...new Set(found)];
}

function addressOf(family: string, rest: string): string[] {
  const port = /htons\((\d+)\)/.exec(rest)?.[1] ?? "?";
  switch (family) {
    case "AF_INET":
      return [`${/inet_addr\("([^"]*)"\)/.exec(rest)?.[1] ?? "?"}:${port}`];
    case "AF_INET6":
      return [`[${/inet_pton\(AF_INET6, "([^"]*)"/.exec(rest)?.[1] ?? "?"}]:${port}`];
    case "AF_UNIX":
      return [`unix:${/sun_path=@?"([^"]*)"/.exec(rest)?.[1] ?? "?"}`];
    // AF_UNSPEC takes an address off a socket; AF_NETLINK is the kernel.
    case "AF_UNSPEC":
    case "AF_NETLINK":
      return [];
    default:
      return [family];
  }
}
