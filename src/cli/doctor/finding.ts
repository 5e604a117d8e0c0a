/** What a look at one thing came to. */
export interface Finding {
  readonly check: string;
  readonly status: "ok" | "warn" | "fail";
  /** What was found. */
  readonly found: string;
  /** What to do about it; null where all is well. */
  readonly todo: string | null;
  /** The settings of a channel, with nothing secret in them. */
  readonly settings?: Readonly<Record<string, string>>;
}

export const ok = (check: string, found: string): Finding => ({ check, status: "ok", found, todo: null });
export const bad = (check: string, status: "warn" | "fail", found: string, todo: string): Finding => ({
  check,
  status,
  found,
  todo,
});
