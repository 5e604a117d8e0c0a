/** A line that guards something, and the test that fails when it is taken out. */
export interface Guard {
  /** As docs/testing.md names it. */
  readonly guard: string;
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly line: string;
  /** What stands there without the guard. */
  readonly without: string;
  readonly test: string;
  readonly title: string;
}

export const guards: readonly Guard[] = [
  {
    guard: "a pause ends once: the state machine",
    file: "src/pauses/pause.ts",
    line: 'if (pause.status !== "pending") return refused({ because: "ended", status: pause.status });',
    without: "",
    test: "test/pauses/pause.test.ts",
    title: "changes by nothing, and says how it ended",
  },
  {
    guard: "a pause ends once: the database's trigger",
    file: "migrations/0001_init.sql",
    line: "WHEN OLD.status <> 'pending'",
    without: "WHEN 0",
    test: "test/pauses/units-crowd.test.ts",
    title: "refuses a second end, whatever the code would do",
  },
  {
    guard: "a late answer lets the clock end the pause first",
    file: "src/pauses/pause.ts",
    line: 'if (now >= pause.expiresAt || (event.type === "clock" && event.forced === true))',
    without: 'if (event.type === "clock" && (now >= pause.expiresAt || event.forced === true))',
    test: "test/pauses/pause.test.ts",
    title: "is ended by the clock when an answer comes late, and the answer does not count",
  },
  {
    guard: "an option counts exactly as spelled",
    file: "src/pauses/pause.ts",
    line: "if (!pause.options.includes(answer.choice))",
    without: "if (!pause.options.some((option) => option.toLowerCase() === answer.choice.toLowerCase()))",
    test: "test/pauses/pause.test.ts",
    title: "takes only an option, exactly: no other case, space, form or inherited name",
  },
  {
    guard: "from `expires_at` on never shown pending",
    file: "src/pauses/pauses.ts",
    line: 'return row.status === "pending" && this.#context.clock.now() >= row.expires_at;',
    without: "return false;",
    test: "test/http/wait.test.ts",
    title: "no answer shows the pause pending: neither get, list, cancel, link nor wait",
  },
  {
    guard: "looking never decides",
    file: "src/respond/respond.ts",
    line: "if (opening && found.opened_at === null) {",
    without:
      'await this.answer(token, new URLSearchParams({ choice: "Approve" }), origin);\n      if (opening && found.opened_at === null) {',
    test: "test/http/link.test.ts",
    title: "looking never decides: GET and HEAD, however often, with whatever query, leave the pause pending",
  },
  {
    guard: "the first look is recorded once, HEAD never",
    file: "src/respond/respond.ts",
    line: "if (opening && found.opened_at === null) {",
    without: "if (found.opened_at === null) {",
    test: "test/http/link.test.ts",
    title: "the first GET of each recipient's link writes one pause.opened; HEAD writes none",
  },
  {
    guard: "a link has one spelling",
    file: "src/respond/link.ts",
    line: " || base64url(bytes) !== token",
    without: "",
    test: "test/http/link.test.ts",
    title: "every single bit of the 39 bytes turned, and every text that decodes alike, is the same 404",
  },
  {
    guard: "a link is signed",
    file: "src/respond/link.ts",
    line: "if (!equalInConstantTime(mac, bytes.subarray(SIGNED_LENGTH))) return null;",
    without: "equalInConstantTime(mac, bytes.subarray(SIGNED_LENGTH));",
    test: "test/http/link.test.ts",
    title: "every single bit of the 39 bytes turned, and every text that decodes alike, is the same 404",
  },
  {
    guard: "secrets are compared in constant time",
    file: "src/respond/link.ts",
    line: "!equalInConstantTime(mac, bytes.subarray(SIGNED_LENGTH))",
    without: "Buffer.compare(mac, bytes.subarray(SIGNED_LENGTH)) !== 0",
    test: "test/platform/constant-time.test.ts",
    title: "of respond/link.ts is compared in constant time",
  },
  {
    guard: "a key sees its own project and mode alone",
    file: "src/pauses/queries.ts",
    line: 'db.selectFrom("pauses").selectAll().where("id", "=", p("id")).where("world_n", "=", p("world_n")),',
    without: 'db.selectFrom("pauses").selectAll().where("id", "=", p("id")),',
    test: "test/http/isolation.test.ts",
    title: "another project's pause, and one of the other mode, is a 404 at every route, as if it were not there",
  },
  {
    guard: "every route asks for its scope",
    file: "src/http/server.ts",
    line: "} else if (!key.scopes.has(access)) {",
    without: "} else if (false) {",
    test: "test/http/isolation.test.ts",
    title: "with every scope but its own a route is 403, and with its own alone it is not",
  },
  {
    guard: "test routes are shut to live keys",
    file: "src/http/server.ts",
    line: 'if (key.world.mode !== "test") throw',
    without: "if (false) throw",
    test: "test/http/isolation.test.ts",
    title: "a live key is 403 at every test route, also for its own pause",
  },
  {
    guard: "a key revoked elsewhere is refused at once",
    file: "src/access/keys.ts",
    line: "const version = this.#writer.foreignCommits();",
    without: "const version = 0;",
    test: "test/access/keys.test.ts",
    title: "is refused from the next turn on when another process revoked it",
  },
  {
    guard: "a short `Host` does not move the path",
    file: "src/http/server.ts",
    line: "const safe = withSafeAuthority(request);",
    without: "const safe = request;",
    test: "test/http/raw.test.ts",
    title: "never moves the path: short, hostile or missing in HTTP/1.0, the same route answers",
  },
  {
    guard: "`X-Forwarded-For` counts from trusted proxies only",
    file: "src/http/client-address.ts",
    line: "if (forwardedFor === null || !isTrusted(own)) return own;",
    without: "if (forwardedFor === null) return own;",
    test: "test/http/raw.test.ts",
    title: "counts for nothing from a client that is no trusted proxy",
  },
  {
    guard: "forged links are limited, genuine ones never",
    file: "src/respond/routes.ts",
    line: "!mayTryForged(call.address)",
    without: "false",
    test: "test/http/link.test.ts",
    title: "forged links are limited by address, others' forgeries and genuine links never",
  },
  {
    guard: "a unit that fails after a write leaves its neighbours be",
    file: "src/storage/writer.ts",
    line: 'this.#connection.exec("ROLLBACK TO unit");',
    without: "",
    test: "test/storage/writer.test.ts",
    title: "after a write leaves nothing of its own, and its neighbours are kept and acknowledged",
  },
  {
    guard: "literals reach the planner",
    file: "src/storage/query.ts",
    line: "if (value instanceof Marker) super.appendValue(value);\n    else this.appendImmediateValue(value);",
    without: "super.appendValue(value);",
    test: "test/storage/query.test.ts",
    title: "shows its own values to the planner, so that a partial index serves it",
  },
  {
    guard: "a log entry is final",
    file: "migrations/0001_init.sql",
    line: "CREATE TRIGGER audit_entries_are_final BEFORE UPDATE ON audit_entries",
    without: "CREATE TRIGGER audit_entries_are_final BEFORE UPDATE ON audit_entries WHEN 0",
    test: "test/storage/database.test.ts",
    title: "never lets an audit entry be changed or taken out, not even by a slip in our own code",
  },
  {
    guard: "a redirect is not followed",
    file: "src/channels/twilio.ts",
    line: 'redirect: "manual"',
    without: 'redirect: "follow"',
    test: "test/channels/twilio.test.ts",
    title: "follows no redirect",
  },
  {
    guard: "an attempt's outcome is told once",
    file: "src/delivery/record.ts",
    line: "if (settled) yield* appendEntry(",
    without: "yield* appendEntry(",
    test: "test/delivery/lease.test.ts",
    title: "is told of once, whichever attempt is recorded first",
  },
];
