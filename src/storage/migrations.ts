import init from "../../migrations/0001_init.sql" with { type: "text" };

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

/** Every file of `migrations/`, in order, embedded in the executable. A new file is added here. */
export const migrations: readonly Migration[] = [{ version: 1, name: "0001_init", sql: init }];
