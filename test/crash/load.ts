/** Concurrent clients of a server that may die under them, and what it has acknowledged to each. */
import type { Pause } from "../../src/pauses/shape.ts";

/** A number in [0, 1). */
export type Chance = () => number;

/** The same chances for the same seed (mulberry32). */
export function chancesOf(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What a pause must be from now on, because the server has said so. */
export interface Acknowledged {
  readonly id: string;
  readonly message: string;
  readonly expiresAt: number;
  readonly timeoutDefault: string | null;
  readonly idempotencyKey: string | null;
  /** The choice of the answer that was accepted, if one was. */
  answer: string | null;
  /** An answer was sent, and the server died before it said anything. */
  isUnsure: boolean;
}

export interface Asked {
  readonly idempotencyKey: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export class Load {
  readonly acknowledged: Acknowledged[] = [];
  /** Requests with an Idempotency-Key that died without an answer. */
  readonly unanswered: Asked[] = [];
  /** Every body that was sent with an Idempotency-Key. */
  readonly asked = new Map<string, Asked>();
  /** Answers that no server should give. */
  readonly strange: string[] = [];
  #made = 0;

  constructor(
    readonly key: string,
    readonly chance: Chance,
  ) {}

  /** Runs clients until the server is gone. */
  async run(url: string, clients: number): Promise<void> {
    await Promise.all(Array.from({ length: clients }, () => this.#client(url)));
  }

  async #client(url: string): Promise<void> {
    const own: Acknowledged[] = [];
    try {
      for (;;) {
        const open = own.find(({ answer, timeoutDefault }) => answer === null && timeoutDefault === null);
        if (open !== undefined && this.chance() < 0.5) await this.#answer(url, open);
        else own.push(await this.create(url));
        if (own.length > 8) own.shift();
      }
    } catch (error) {
      // The end of every client: the connection breaks. What it means for the pause under way was noted before.
      if (!(error instanceof Error) || error instanceof Strange) this.strange.push(String(error));
    }
  }

  /**
   * One create, half of them with an Idempotency-Key; a third, unless `hours` is given, with so little time that the
   * clock decides.
   */
  async create(url: string, hours?: number): Promise<Acknowledged> {
    const number = ++this.#made;
    const isShort = hours === undefined && this.chance() < 0.33;
    const body = {
      recipient: "+13128471928",
      channel: "sms",
      message: `Question ${number}`,
      timeout_hours: isShort ? (0.05 + this.chance()) / 3600 : (hours ?? 24),
      timeout_default: isShort ? "Reject" : null,
    };
    const idempotencyKey = this.chance() < 0.5 ? `key-${number}` : null;
    if (idempotencyKey === null) return this.#noted(await this.#ask(url, body, null), null);
    const asked = { idempotencyKey, body };
    this.asked.set(idempotencyKey, asked);
    this.unanswered.push(asked);
    const pause = await this.#ask(url, body, idempotencyKey);
    this.unanswered.splice(this.unanswered.indexOf(asked), 1);
    return this.#noted(pause, idempotencyKey);
  }

  /** The same request again. */
  async retry(url: string, { idempotencyKey, body }: Asked): Promise<{ pause: Pause; isReplay: boolean }> {
    const response = await this.#post(`${url}/v1/pause`, body, idempotencyKey);
    if (response.status !== 201) throw new Strange(`${response.status} to a retry: ${await response.text()}`);
    const isReplay = response.headers.get("idempotent-replayed") === "true";
    return { pause: (await response.json()) as Pause, isReplay };
  }

  async #answer(url: string, pause: Acknowledged): Promise<void> {
    const choice = this.chance() < 0.5 ? "Approve" : "Reject";
    const path = this.chance() < 0.6 ? await this.linkOf(url, pause.id) : null;
    pause.isUnsure = true;
    const status =
      path === null ? await this.#respond(url, pause.id, choice) : await this.answerPage(url, path, choice);
    if (status !== (path === null ? 200 : 303)) throw new Strange(`${status} to an answer`);
    pause.answer = choice;
    pause.isUnsure = false;
  }

  /** The path of a pause's link, once the outbox has it. */
  async linkOf(url: string, id: string): Promise<string> {
    for (;;) {
      const response = await fetch(`${url}/v1/test/messages?pause_id=${id}`, { headers: this.#headers });
      if (response.status !== 200) throw new Strange(`${response.status} to the outbox`);
      const { data } = (await response.json()) as { data: { link: string }[] };
      if (data[0] !== undefined) return new URL(data[0].link).pathname;
    }
  }

  /** Sends the page's form; the status that came back. */
  async answerPage(url: string, path: string, choice: string): Promise<number> {
    const body = new URLSearchParams({ choice });
    const response = await fetch(`${url}${path}`, { method: "POST", body, redirect: "manual" });
    await response.arrayBuffer();
    return response.status;
  }

  async #respond(url: string, id: string, choice: string): Promise<number> {
    const response = await this.#post(`${url}/v1/test/pause/${id}/respond`, { choice }, null);
    await response.arrayBuffer();
    return response.status;
  }

  async #ask(url: string, body: object, idempotencyKey: string | null): Promise<Pause> {
    const response = await this.#post(`${url}/v1/pause`, body, idempotencyKey);
    if (response.status !== 201) throw new Strange(`${response.status} to a create: ${await response.text()}`);
    return (await response.json()) as Pause;
  }

  #noted(pause: Pause, idempotencyKey: string | null): Acknowledged {
    const noted = {
      id: pause.pause_id,
      message: pause.message,
      expiresAt: Date.parse(pause.expires_at),
      timeoutDefault: pause.timeout_default,
      idempotencyKey,
      answer: null,
      isUnsure: false,
    };
    this.acknowledged.push(noted);
    return noted;
  }

  #post(address: string, body: object, idempotencyKey: string | null): Promise<Response> {
    const headers = {
      ...this.#headers,
      "content-type": "application/json",
      ...(idempotencyKey === null ? {} : { "idempotency-key": idempotencyKey }),
    };
    return fetch(address, { method: "POST", headers, body: JSON.stringify(body) });
  }

  get #headers(): Record<string, string> {
    return { authorization: `Bearer ${this.key}` };
  }
}

/** The server answered, but not as it should. */
class Strange extends Error {}
