/**
 * The scripted approvers of the test world, who answer by themselves (`scriptOf` tells who they are). They open the
 * very page and send the very form that a person would, so that log, receipt, webhooks and events are as with one. What
 * they are still to do stands on disk: a restart goes on with it.
 */
import type { Script } from "../channels/scripted.ts";
import { Attendant } from "../delivery/index.ts";
import type { PauseContext } from "../pauses/index.ts";
import type { Log } from "../platform/log.ts";
import type { RowOf, Work, Writer } from "../storage/index.ts";
import type { Links } from "./link.ts";
import * as queries from "./queries.ts";
import type { Reader, Respond } from "./respond.ts";

/** How many act in one go: who asks and who answers by hand goes in between. */
const AT_ONCE = 32;
const AFTER_SCAN_MS = 2_000;
const RETRY_MS = 1_000;

export class ScriptedApprovers {
  readonly #respond: Respond;
  readonly #links: Links;
  readonly #writer: Writer;
  readonly #context: PauseContext;
  readonly #log: Log;
  readonly #attendant: Attendant;

  constructor(parts: { respond: Respond; links: Links; writer: Writer; context: PauseContext; log: Log }) {
    this.#respond = parts.respond;
    this.#links = parts.links;
    this.#writer = parts.writer;
    this.#context = parts.context;
    this.#log = parts.log;
    this.#attendant = new Attendant(parts.context.clock, () => this.#work());
  }

  /** A hint: one of them acts at some time; also what is left to do from before. */
  nudge(): void {
    this.#attendant.nudge();
  }

  stop(): Promise<void> {
    return this.#attendant.stop();
  }

  async #work(): Promise<number | null> {
    const { clock } = this.#context;
    try {
      const due = this.#writer.all(queries.dueActs, { now: clock.now(), limit: AT_ONCE });
      await Promise.all(due.map((act) => this.#act(act)));
      return this.#writer.one(queries.nextAct, {})?.due_at ?? null;
    } catch (error) {
      this.#log.error("a scripted approver could not act", { error: (error as Error).message });
      return clock.now() + RETRY_MS;
    }
  }

  /** Acts first and forgets afterwards: a crash in between repeats the act, which then is one tap too many. */
  async #act(act: Act): Promise<void> {
    const { pause_n, position, step } = act;
    const script = act.script as Script;
    // Who meant to answer finds the question gone; only one is there to be late.
    const isNeeded = act.status === "pending" || script === "late";
    const again = isNeeded ? await this.#play(script, act) : null;
    const at = this.#context.clock.now();
    await this.#writer.write(function* (tx): Work<void> {
      yield* again === null
        ? tx.run(queries.endScript, { pause_n, position })
        : tx.run(queries.nextStep, { pause_n, position, step: step + 1, due_at: at + again });
    });
  }

  /** One step of a script. Answers after how many milliseconds the next one comes, or null after the last. */
  async #play(script: Script, act: Act): Promise<number | null> {
    const options = JSON.parse(act.options) as string[];
    const [first = "", last = first] = [options[0], options.at(-1)];
    switch (script) {
      case "approves":
      case "late":
        await this.#tap(act, script, [first]);
        return null;
      case "rejects":
        await this.#tap(act, script, [last]);
        return null;
      case "comments":
        await this.#tap(act, script, [first], "Answered by a scripted approver.");
        return null;
      case "taps-twice":
        await this.#tap(act, script, [first, last]);
        return null;
      case "opens":
        await this.#respond.look(this.#tokenOf(act), true, readerFor(script));
        return null;
      case "scanned":
        if (act.step === 0) {
          await this.#respond.look(this.#tokenOf(act), true, { ...readerFor("scanner"), automated: true });
          return AFTER_SCAN_MS;
        }
        await this.#tap(act, script, [first]);
        return null;
      case "never":
      case "unreachable":
        return null;
    }
  }

  /** Opens the page, and taps: every choice in one and the same moment. */
  async #tap(act: Act, script: Script, choices: readonly string[], comment = ""): Promise<void> {
    const token = this.#tokenOf(act);
    const reader = readerFor(script);
    const { page } = await this.#respond.look(token, true, reader);
    const stamp = /name="page" value="([^"]*)"/.exec(page.html)?.[1] ?? "";
    const form = (choice: string) => new URLSearchParams({ choice, comment, page: stamp });
    await Promise.all(choices.map((choice) => this.#respond.answer(token, form(choice), reader)));
  }

  #tokenOf({ pause_id: pauseId, position, expires_at }: Act): string {
    return this.#links.token({ pauseId, position, mode: "test" }, expires_at);
  }
}

type Act = RowOf<typeof queries.dueActs>;

/** No address, and a name that says in the log who it was. */
function readerFor(name: string): Reader {
  const origin = { ip: null, userAgent: `PausePoint scripted approver (${name})` };
  return { origin, acceptLanguage: "en", automated: false };
}
