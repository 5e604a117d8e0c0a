import { randomBytes } from "node:crypto";
import type { Clock } from "../../../src/platform/clock.ts";
import { examineBlocks, isObject } from "./blocks.ts";
import { type SlackMessage, TEAM, type Workspace } from "./workspace.ts";

/** What an app posted to a `response_url`, refused or not. */
export interface SlackResponse {
  readonly url: string;
  /** The message it was issued for. */
  readonly channel: string;
  readonly ts: string;
  readonly contentType: string | undefined;
  readonly raw: string;
  /** The body as JSON; null when it is none. */
  readonly body: Readonly<Record<string, unknown>> | null;
  readonly status: number;
}

interface Issued {
  readonly message: SlackMessage;
  readonly user: string;
  readonly until: number;
  usesLeft: number;
}

const USES = 5;
const LIFETIME = 30 * 60_000;

/** The short-lived addresses for answering an interaction: five uses within thirty minutes. */
export class ResponseUrls {
  readonly responses: SlackResponse[] = [];
  readonly #issued = new Map<string, Issued>();
  readonly #workspace: Workspace;
  readonly #clock: Clock;

  constructor(workspace: Workspace, clock: Clock) {
    this.#workspace = workspace;
    this.#clock = clock;
  }

  /** A new path for an interaction with that message. */
  issue(message: SlackMessage, user: string): string {
    const path = `/actions/${TEAM.id}/${this.#issued.size + 1}/${randomBytes(12).toString("hex")}`;
    this.#issued.set(path, { message, user, until: this.#clock.now() + LIFETIME, usesLeft: USES });
    return path;
  }

  /** Carries out what was posted there; null for a path that was never issued. */
  receive(url: string, path: string, contentType: string | undefined, raw: string) {
    const issued = this.#issued.get(path);
    if (issued === undefined) return null;
    const body = parse(raw);
    const answer = this.#carryOut(issued, body);
    const { channel, ts } = issued.message;
    this.responses.push({ url, channel, ts, contentType, raw, body, status: answer.status });
    return answer;
  }

  #carryOut(issued: Issued, body: Readonly<Record<string, unknown>> | null): { status: number; body: string } {
    if (this.#clock.now() > issued.until) return { status: 404, body: '{"ok":false,"error":"expired_url"}' };
    if (issued.usesLeft === 0) return { status: 404, body: '{"ok":false,"error":"used_url"}' };
    issued.usesLeft -= 1;
    if (body === null) return { status: 400, body: "invalid_payload" };
    const { message, user } = issued;
    if (body.delete_original === true) {
      this.#workspace.remove(message);
      return { status: 200, body: "ok" };
    }
    const verdict = body.blocks === undefined ? { blocks: [] } : examineBlocks(body.blocks);
    if ("error" in verdict) return { status: 400, body: verdict.error };
    const text = typeof body.text === "string" ? body.text : "";
    if (text === "" && verdict.blocks.length === 0) return { status: 400, body: "no_text" };
    if (body.replace_original === true) this.#workspace.rewrite(message, text, verdict.blocks);
    else {
      const onlyFor = body.response_type === "in_channel" ? null : user;
      this.#workspace.write({ channel: message.channel, text, blocks: verdict.blocks, onlyFor });
    }
    return { status: 200, body: "ok" };
  }
}

function parse(raw: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(raw);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
