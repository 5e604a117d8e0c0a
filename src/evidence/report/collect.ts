import type { SignedCheckpoint } from "../../audit/index.ts";
import { isoTime } from "../../platform/clock.ts";
import { version } from "../../platform/version.ts";
import type { Reader, RowOf } from "../../storage/index.ts";
import { installationEntries, reportedPauses } from "./queries.ts";
import { type CountedPause, type Figures, type GroupName, Tally } from "./tally.ts";

/** What to report on. Times are milliseconds, `from` included and `to` not. */
export interface ReportRequest {
  readonly from: number;
  readonly to: number;
  /** Null: all projects. */
  readonly project: string | null;
  /** Whether the figures of each person are told: only when somebody asks for that. */
  readonly byPerson: boolean;
}

/** How people decided in some time, as aggregates. */
export interface Report {
  readonly pausepoint_report: 1;
  readonly version: string;
  readonly made_at: string;
  readonly from: string;
  readonly to: string;
  readonly project: string | null;
  readonly groups: readonly (GroupName & Figures & { readonly people?: Readonly<Record<string, Figures>> })[];
  /** How often each kind of entry that concerns the server itself was written in this time: keys, starts, erasures. */
  readonly changes: Readonly<Record<string, number>>;
  readonly log: {
    readonly entries: number;
    readonly checkpoint: string | null;
    /** What walking the whole log found; null where it was not walked. */
    readonly verified: { readonly valid: boolean; readonly fault: string | null } | null;
  };
}

/** What is known of the log as the report is made. */
export interface LogState {
  readonly checkpoint: SignedCheckpoint | null;
  readonly verified: Report["log"]["verified"];
}

const PAGE = 500;

/** Reads every pause once, in memory that grows with the number of decisions by a number each. */
export function collectReport(reader: Reader, request: ReportRequest, log: LogState, now: number): Report {
  const groups = new Map<string, Group>();
  for (let after = 0; ; ) {
    const page = reader.all(reportedPauses, { after, limit: PAGE });
    for (const row of page) {
      if (request.project === null || row.project === request.project) groupOf(groups, row, request).take(row);
    }
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.n;
  }
  return {
    pausepoint_report: 1,
    version: version.number,
    made_at: isoTime(now),
    from: isoTime(request.from),
    to: isoTime(request.to),
    project: request.project,
    groups: [...groups.values()].map((group) => group.shown).filter(hasAny),
    changes: changesIn(reader, request),
    log: {
      entries: log.checkpoint?.size ?? 0,
      checkpoint: log.checkpoint?.note ?? null,
      verified: log.verified,
    },
  };
}

type Row = RowOf<typeof reportedPauses>;

class Group {
  readonly #name: GroupName;
  readonly #request: ReportRequest;
  readonly #all: Tally;
  readonly #people = new Map<string, Tally>();

  constructor(name: GroupName, request: ReportRequest) {
    this.#name = name;
    this.#request = request;
    this.#all = new Tally(request.from, request.to);
  }

  take(row: Row): void {
    const pause = counted(row);
    this.#all.take(pause);
    if (!this.#request.byPerson || row.address === null) return;
    const tally = this.#people.get(row.address) ?? new Tally(this.#request.from, this.#request.to);
    this.#people.set(row.address, tally);
    tally.take(pause);
  }

  get shown(): Report["groups"][number] {
    const people = Object.fromEntries([...this.#people].map(([address, tally]) => [address, tally.figures]));
    return { ...this.#name, ...this.#all.figures, ...(this.#request.byPerson ? { people } : {}) };
  }
}

function groupOf(groups: Map<string, Group>, { project, mode }: Row, request: ReportRequest): Group {
  const name = `${mode} ${project}`;
  const group = groups.get(name) ?? new Group({ project, mode }, request);
  groups.set(name, group);
  return group;
}

function counted(row: Row): CountedPause {
  const { asks, failed } = row;
  return {
    status: row.status,
    createdAt: row.created_at,
    endedAt: row.ended_at,
    choice: row.choice,
    source: row.source,
    openedAt: row.opened_at,
    rejected: row.rejected,
    isUnreached: asks !== null && asks > 0 && failed === asks,
    isBound: row.action_digest !== null,
    isConsumed: row.consumed_at !== null,
  };
}

function hasAny(figures: Figures): boolean {
  const { asked, decided_by_a_person, decided_by_the_clock, ran_out, withdrawn, still_waiting } = figures;
  return asked + decided_by_a_person + decided_by_the_clock + ran_out + withdrawn + still_waiting > 0;
}

function changesIn(reader: Reader, { from, to }: ReportRequest): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let after = 0; ; ) {
    const page = reader.all(installationEntries, { after, last: Number.MAX_SAFE_INTEGER, limit: PAGE });
    for (const { entry } of page) {
      const { at, type } = JSON.parse(entry) as { at: string; type: string };
      const time = Date.parse(at);
      if (time >= from && time < to) counts[type] = (counts[type] ?? 0) + 1;
    }
    const last = page.at(-1);
    if (last === undefined) return counts;
    after = last.seq;
  }
}
