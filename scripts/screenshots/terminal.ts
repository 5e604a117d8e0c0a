import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { escapeHtml } from "../../src/respond/page/escape.ts";
import { environment } from "../../test/support/binary.ts";

const project = join(import.meta.dir, "../..");

/** What a terminal showed: the command that was typed, and what came of it. */
interface Shown {
  readonly typed: string;
  readonly came: string;
}

/** Runs `npm start` on a terminal of its own and then the curl that it prints, in a folder that was never started. */
export async function firstStart(): Promise<readonly [Shown, Shown]> {
  const folder = join(tmpdir(), "pausepoint");
  mkdirSync(folder);
  for (const name of ["package.json", "src", "public", "migrations", "node_modules", "tsconfig.json"]) {
    symlinkSync(join(project, name), join(folder, name));
  }
  let screen = "";
  const decoder = new TextDecoder();
  const server = Bun.spawn(["npm", "start"], {
    cwd: folder,
    // The picture shows no warning about this machine's own npm settings.
    env: environment({ NPM_CONFIG_USERCONFIG: "/dev/null" }),
    terminal: {
      cols: 120,
      rows: 40,
      data: (_, bytes) => {
        screen += decoder.decode(bytes, { stream: true });
      },
    },
  });
  const shows = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const found = pattern.exec(plain(screen));
      if (found !== null) return found[0];
      if (server.exitCode !== null) throw new Error(`npm start ended: ${screen}`);
      await Bun.sleep(50);
    }
  };
  try {
    const curl = await shows(/^curl [^']*'[^']*'/m);
    const typed = `${curl} | jq '{pause_id, status, expires_at, delivery}'`;
    const asked = Bun.spawnSync(["bash", "-c", typed], { cwd: folder });
    await shows(/\/r\/\S{52}/);
    return [
      { typed: "npm start", came: plain(screen).trim() },
      { typed, came: asked.stdout.toString().trim() },
    ];
  } finally {
    // As somebody there would: a signal to npm alone would leave the server behind.
    server.terminal?.write("\u0003");
    await server.exited;
    rmSync(folder, { recursive: true });
  }
}

/** The two as windows on one page. */
export function terminalPage(terminals: readonly Shown[]): string {
  const windows = terminals.map(
    ({ typed, came }) => `<pre><b>$</b> <i>${escapeHtml(typed)}</i>\n${escapeHtml(came)}</pre>`,
  );
  return `<!doctype html><meta charset="utf-8"><style>
    body { margin: 0; padding: 24px; background: #fff; display: grid; gap: 20px; }
    pre {
      margin: 0; padding: 20px 22px; border-radius: 10px; background: #1c2024; color: #eceae6;
      font: 12px/1.5 "DejaVu Sans Mono", "Liberation Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere;
    }
    b { color: #74cba2; } i { font-style: normal; color: #fff; }
  </style>${windows.join("")}`;
}

/** Text without the terminal's control sequences and carriage returns. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the control characters
  return text.replace(/\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07|\r/g, "");
}
