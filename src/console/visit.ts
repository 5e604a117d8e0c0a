import type { Call, Reply } from "../access/index.ts";
import type { Actor } from "../audit/index.ts";
import type { ConfiguredChannel } from "../channels/configured.ts";
import type { DeliveryContext } from "../delivery/index.ts";
import type { Pause, PauseContext } from "../pauses/index.ts";
import type { LoadedConfig } from "../platform/config/load.ts";
import type { Log } from "../platform/log.ts";
import type { OperatorRole, Writer } from "../storage/index.ts";
import type { Webhooks } from "../webhooks/index.ts";
import type { Health } from "./health.ts";
import { PAGE_HEADERS, type Viewer } from "./html.ts";
import type { LivePages } from "./live.ts";
import type { OperatorContext, Session } from "./operators.ts";

/** What the console is made with. */
export interface ConsoleParts {
  readonly writer: Writer;
  readonly context: PauseContext & DeliveryContext;
  readonly folderSecret: Uint8Array;
  readonly config: LoadedConfig;
  readonly baseUrl: () => string;
  readonly log: Log;
  readonly webhooks: Webhooks;
  /** The channels in use, by name. */
  readonly channels: ReadonlyMap<string, ConfiguredChannel>;
  /** A pause as the API shows it: never with its link. */
  readonly show: (pauseN: number) => Pause | null;
}

/** One request of the console. */
export interface Visit {
  readonly parts: ConsoleParts;
  readonly operators: OperatorContext;
  readonly call: Call;
  readonly query: URLSearchParams;
  /** What stands in the path where the route has `:id`. */
  readonly id: string;
  /** The fields of the form; none for a page. */
  readonly fields: URLSearchParams;
  readonly now: number;
  /** Whether one more sign-in may be tried from an address, and under a name. */
  readonly mayTry: (address: string | null, name: string) => boolean;
  /** Whether one more test message may be sent by an operator. */
  readonly mayTest: (operatorId: string) => boolean;
  readonly live: LivePages;
  readonly health: Health;
}

/** A request of somebody who is signed in. */
export interface SignedIn extends Visit {
  readonly session: Session;
  readonly viewer: Viewer;
  readonly actor: Actor;
}

/** Who may: `anyone`, somebody who has still to set up the authenticator, or a role and those above it. */
export type Leave = "anyone" | "enrolling" | OperatorRole;

/** A page (GET) or a form (POST). Both tables are read by a test that tries every one of them with each role. */
export type Entry =
  | { readonly path: string; readonly leave: "anyone"; handle(visit: Visit): Reply | Promise<Reply> }
  | {
      readonly path: string;
      readonly leave: Exclude<Leave, "anyone">;
      handle(visit: SignedIn): Reply | Promise<Reply>;
    };

const RANK: Readonly<Record<OperatorRole, number>> = { viewer: 0, operator: 1, admin: 2 };

/** Whether a role may what another one may. */
export function mayAct(role: OperatorRole, needed: OperatorRole): boolean {
  return RANK[role] >= RANK[needed];
}

export function page(text: string, status = 200, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers: { ...PAGE_HEADERS, ...headers }, body: text };
}

export function redirect(location: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status: 303, headers: { ...PAGE_HEADERS, location, ...headers }, body: null };
}
