/**
 * Reads `/v1/events` as a browser does (WHATWG HTML, 9.2.6): fields, comments, the last id.
 *
 *     const reader = await EventReader.open(appliance.url, appliance.keys.test);
 *     const [created] = await reader.take(1);
 *     reader.cut();
 */
export interface Told {
  readonly id: string;
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test says by its expectations what it takes the event to be
  readonly data: any;
}

export class EventReader {
  /** What was told and not taken yet. */
  readonly told: Told[] = [];
  comments = 0;
  retry: number | null = null;
  lastId = "";
  ended = false;
  readonly #response: Response;
  readonly #leaving: AbortController;
  #notify = () => {};
  #rest = "";
  #fields = { event: "", data: [] as string[] };

  private constructor(response: Response, leaving: AbortController, lastId: string) {
    this.#response = response;
    this.#leaving = leaving;
    this.lastId = lastId;
  }

  /** Opens a stream; what is refused is an error with the status. */
  static async open(url: string, key: string, wanted: { lastId?: string; query?: string } = {}): Promise<EventReader> {
    const leaving = new AbortController();
    const response = await fetch(`${url}/v1/events${wanted.query ?? ""}`, {
      headers: {
        authorization: `Bearer ${key}`,
        ...(wanted.lastId === undefined ? {} : { "last-event-id": wanted.lastId }),
      },
      signal: leaving.signal,
    });
    if (response.status !== 200) {
      throw new Error(`${response.status} ${response.headers.get("retry-after")} ${await response.text()}`);
    }
    const reader = new EventReader(response, leaving, wanted.lastId ?? "");
    void reader.#read();
    await reader.until(() => reader.retry !== null);
    return reader;
  }

  get headers(): Headers {
    return this.#response.headers;
  }

  /** Resolves when `condition` holds, which is looked at whenever something has arrived. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.ended) throw new Error(`the stream is over; not taken: ${JSON.stringify(this.told).slice(0, 300)}`);
      await new Promise<void>((resolve) => {
        this.#notify = resolve;
      });
    }
  }

  /** The next events, as soon as so many are there. */
  async take(count: number): Promise<Told[]> {
    await this.until(() => this.told.length >= count);
    return this.told.splice(0, count);
  }

  /** Resolves when the server has ended the stream. */
  async over(): Promise<void> {
    while (!this.ended) {
      await new Promise<void>((resolve) => {
        this.#notify = resolve;
      });
    }
  }

  /** Leaves, with whatever has arrived. */
  cut(): void {
    this.#leaving.abort();
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of this.#response.body as unknown as AsyncIterable<Uint8Array>) {
        const lines = (this.#rest + decoder.decode(chunk, { stream: true })).split("\n");
        this.#rest = lines.pop() ?? "";
        for (const line of lines) this.#line(line);
        this.#notify();
      }
    } catch {
      // Cut off, by either side: what was read counts.
    }
    this.ended = true;
    this.#notify();
  }

  #line(line: string): void {
    if (line === "") {
      const { event, data } = this.#fields;
      if (data.length > 0) this.told.push({ id: this.lastId, event, data: JSON.parse(data.join("\n")) });
      this.#fields = { event: "", data: [] };
      return;
    }
    const colon = line.indexOf(":");
    const [name, value] = [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, "")];
    if (name === "") this.comments++;
    else if (name === "id") this.lastId = value;
    else if (name === "event") this.#fields.event = value;
    else if (name === "data") this.#fields.data.push(value);
    else if (name === "retry") this.retry = Number(value);
    else throw new Error(`a line that is no field: ${line}`);
  }
}
