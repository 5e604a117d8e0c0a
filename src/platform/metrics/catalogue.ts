import { Counter, Gauge, Histogram, type Instrument } from "./instruments.ts";

const FAST = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const OUTSIDE = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60];
/** From five seconds to thirty days: people take their time. */
const PEOPLE = [5, 15, 30, 60, 120, 300, 900, 1_800, 3_600, 14_400, 43_200, 86_400, 259_200, 604_800, 2_592_000];

/** How a pause can end, as `end` says it. */
export type End = "answered" | "default" | "timed_out" | "cancelled";
const ENDS: readonly End[] = ["answered", "default", "timed_out", "cancelled"];
const MODES = ["live", "test"] as const;

/**
 * Every metric of the appliance, in the order that they are shown: docs/metrics.md is this table in words. Counters and
 * histograms are kept where things happen; gauges are set when somebody asks.
 */
export class Metrics {
  readonly buildInfo = new Gauge(
    "pausepoint_build_info",
    "Always 1; the version and the commit of the running program are its labels",
    ["version", "commit"],
  );

  readonly pausesCreated = new Counter(
    "pausepoint_pauses_created_total",
    "Pauses created, without replays of an Idempotency-Key",
    ["mode", "channel"],
  );
  readonly pausesEnded = new Counter(
    "pausepoint_pauses_ended_total",
    "Pauses ended: answered by a person, by the default of the timeout, timed_out without one, or cancelled",
    ["mode", "end"],
  );
  readonly pausesPending = new Gauge("pausepoint_pauses_pending", "Pauses that wait for an answer", ["mode"]);
  readonly answerSeconds = new Histogram(
    "pausepoint_answer_duration_seconds",
    "Time from the creation of a pause to a person's answer",
    ["mode"],
    PEOPLE,
  );

  readonly messageAttempts = new Counter(
    "pausepoint_message_attempts_total",
    "Attempts to hand a message for a person to a channel: sent, delivered, retry (it is tried again) or failed",
    ["channel", "outcome"],
  );
  readonly messageAttemptSeconds = new Histogram(
    "pausepoint_message_attempt_duration_seconds",
    "How long an attempt to hand over a message took",
    ["channel"],
    OUTSIDE,
  );
  readonly deliveries = new Counter(
    "pausepoint_deliveries_total",
    "Deliveries that came to their end in the queue: sent, delivered, failed, or cancelled as nobody needs them any more",
    ["channel", "outcome"],
  );
  readonly receipts = new Counter(
    "pausepoint_delivery_receipts_total",
    "Receipts of carriers that changed what is known of a message: delivered or failed",
    ["channel", "outcome"],
  );
  readonly webhookAttempts = new Counter(
    "pausepoint_webhook_attempts_total",
    "Attempts to tell a receiver of webhooks: the class of its answer (2xx to 5xx), refused (the address is not allowed) or unanswered",
    ["outcome"],
  );
  readonly webhookAttemptSeconds = new Histogram(
    "pausepoint_webhook_attempt_duration_seconds",
    "How long an attempt to tell a receiver of webhooks took",
    [],
    OUTSIDE,
  );
  readonly queueDepth = new Gauge(
    "pausepoint_queue_deliveries",
    "Deliveries in the queue, those of later retries and fallbacks included, by channel; webhook is all receivers together",
    ["channel"],
  );
  readonly queueAge = new Gauge(
    "pausepoint_queue_oldest_due_age_seconds",
    "For how long the delivery that has been due longest has waited for its attempt; 0 when none is due",
    ["channel"],
  );

  readonly requests = new Counter(
    "pausepoint_http_requests_total",
    "Requests answered, by the pattern of their route",
    ["route", "method", "status"],
  );
  readonly requestSeconds = new Histogram(
    "pausepoint_http_request_duration_seconds",
    "Time until the answer began, without the time that a request was held on purpose",
    ["route", "method"],
    FAST,
  );
  readonly held = new Gauge("pausepoint_held_requests", "Requests held until a pause has ended (?wait=)", []);
  readonly streams = new Gauge("pausepoint_event_streams", "Event streams that are open (GET /v1/events)", []);

  readonly commitUnits = new Histogram(
    "pausepoint_storage_commit_units",
    "Units of work that shared a commit",
    [],
    [1, 2, 4, 8, 16, 32, 64, 128, 256],
  );
  readonly commitSeconds = new Histogram(
    "pausepoint_storage_commit_duration_seconds",
    "How long a commit took with its units of work and its sync to the disk",
    [],
    FAST,
  );
  readonly commitsFailed = new Counter(
    "pausepoint_storage_commits_failed_total",
    "Commits that the disk did not take; everybody in them was refused",
    [],
  );
  readonly unitsWaiting = new Gauge("pausepoint_storage_waiting_units", "Units of work that wait for a commit", []);
  readonly databaseBytes = new Gauge("pausepoint_storage_database_size_bytes", "Size of the database file", []);
  readonly walBytes = new Gauge("pausepoint_storage_wal_size_bytes", "Size of the database's write-ahead log", []);
  readonly diskFreeBytes = new Gauge(
    "pausepoint_storage_disk_free_bytes",
    "Space on the data folder's file system that PausePoint may use",
    [],
  );
  readonly diskBytes = new Gauge("pausepoint_storage_disk_size_bytes", "Size of the data folder's file system", []);

  readonly logEntries = new Gauge("pausepoint_audit_entries", "Number of the newest entry of the audit log", []);
  readonly checkpointEntries = new Gauge(
    "pausepoint_audit_checkpoint_entries",
    "Entries under the newest signed checkpoint",
    [],
  );
  readonly checkpointTime = new Gauge(
    "pausepoint_audit_checkpoint_timestamp_seconds",
    "When the newest checkpoint was signed; 0 when none was",
    [],
  );
  readonly cosignedEntries = new Gauge(
    "pausepoint_audit_cosigned_entries",
    "Entries under the newest checkpoint that a witness has cosigned; 0 without witnesses",
    [],
  );
  readonly signingWithheld = new Gauge(
    "pausepoint_audit_signing_withheld",
    "1 while nothing is signed, since the log may have lost its end; else 0",
    [],
  );

  readonly backups = new Counter(
    "pausepoint_backups_total",
    "Backups that the server has begun by itself: made or failed",
    ["outcome"],
  );
  readonly backupTime = new Gauge(
    "pausepoint_backup_last_success_timestamp_seconds",
    "When the newest whole backup in the configured folder was begun; 0 when there is none, and absent without backups in the configuration",
    [],
  );

  readonly loopLag = new Histogram(
    "pausepoint_event_loop_lag_seconds",
    "By how much a timer of half a second came late",
    [],
    FAST,
  );
  readonly cpuSeconds = new Counter("process_cpu_seconds_total", "User and system time of the process", []);
  readonly residentBytes = new Gauge("process_resident_memory_bytes", "Memory of the process that is really held", []);
  readonly startTime = new Gauge("process_start_time_seconds", "When the process was started", []);
  readonly openFiles = new Gauge("process_open_fds", "Open file descriptors", []);
  readonly mostFiles = new Gauge("process_max_fds", "How many file descriptors the process may open", []);

  constructor() {
    for (const mode of MODES) {
      for (const end of ENDS) this.pausesEnded.add(0, mode, end);
      this.answerSeconds.expect(mode);
    }
    for (const outcome of ["2xx", "3xx", "4xx", "5xx", "refused", "unanswered"]) this.webhookAttempts.add(0, outcome);
  }

  /** All of them. */
  list(): readonly Instrument[] {
    return Object.values(this) as Instrument[];
  }
}
