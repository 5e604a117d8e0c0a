import { type Figure, figure, median, rounded } from "./figures.ts";

const TARGET = { most: 150 };

/** From exec to the first served request (an authenticated list), over and over; the median. */
export async function startTime(
  name: string,
  executable: string,
  data: string,
  key: string,
  times: number,
): Promise<Figure> {
  const took: number[] = [];
  while (took.length < times) took.push(await once(executable, data, key));
  return figure(`start, exec to the first answer, ${name}`, median(took), "ms", TARGET, { ms: took.map(rounded) });
}

async function once(executable: string, data: string, key: string): Promise<number> {
  const port = freePort();
  const start = performance.now();
  const child = Bun.spawn([executable, "serve", "--data", data, "--port", String(port), "--json"], {
    stdout: "ignore",
  });
  try {
    for (;;) {
      if (child.exitCode !== null) throw new Error("the server ended before it served");
      const status = await fetch(`http://127.0.0.1:${port}/v1/pause?limit=1`, {
        headers: { authorization: `Bearer ${key}` },
      }).then(
        (response) => response.arrayBuffer().then(() => response.status),
        () => null,
      );
      if (status === 200) return performance.now() - start;
      if (status !== null) throw new Error(`the first request was answered ${status}`);
      await Bun.sleep(1);
    }
  } finally {
    child.kill("SIGTERM");
    await child.exited;
  }
}

function freePort(): number {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = probe;
  probe.stop(true);
  return port;
}
