/** How long what waits for the machine alone may take: a busy one gets its time, and a test says itself what never came. */
export const PATIENCE_MS = 45_000;

/**
 * What `look` sees, once it is as `holds` says: looked at in each turn of the event loop, since sockets and disks take
 * their time, and how many turns that is says nothing. Throws what it saw last when it never comes to that.
 */
export async function eventually<Seen>(
  look: () => Seen | Promise<Seen>,
  holds: (seen: Seen) => boolean,
): Promise<Seen> {
  for (const end = Date.now() + PATIENCE_MS; ; ) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (Date.now() > end) throw new Error(`it never came to that: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
