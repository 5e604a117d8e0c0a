import { chmodSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type App, startApp } from "../../src/app.ts";
import { loadConfig } from "../../src/platform/config/load.ts";
import { silentLog } from "../../src/platform/log.ts";
import { environment, folderWith, run } from "../support/binary.ts";
import { type Document, type Fence, project } from "./documents.ts";

/**
 * Somebody who reads a document with a server at hand, and does what it says: fences run one after the other in one
 * folder, and what one sets the next one knows. The address and the key in them are those of this server; an HTTP error
 * of curl ends the fence.
 */
export class DocumentReader {
  readonly #folder: string;
  readonly #app: App;
  readonly #taps: { on: boolean; refused: string[] };

  private constructor(folder: string, app: App, taps: { on: boolean; refused: string[] }) {
    this.#folder = folder;
    this.#app = app;
    this.#taps = taps;
  }

  static async start(python: string): Promise<DocumentReader> {
    const folder = folderWith({
      "bin/pausepoint": `#!/bin/sh\nexec "${process.execPath}" "${project}/src/main.ts" "$@"\n`,
      "bin/curl": `#!/bin/sh\nexec "${Bun.which("curl")}" --fail-with-body "$@"\n`,
      "bin/python3": `#!/bin/sh\nexec "${Bun.which(python)}" "$@"\n`,
      "bin/bun": `#!/bin/sh\nexec "${process.execPath}" "$@"\n`,
      "work/state": "",
    });
    for (const name of ["pausepoint", "curl", "python3", "bun"]) chmodSync(join(folder, "bin", name), 0o755);
    // The libraries that samples import are those that the tests run with.
    symlinkSync(join(project, "node_modules"), join(folder, "work/node_modules"));
    // As in a checkout, which the reader stands in.
    symlinkSync(join(project, "clients"), join(folder, "work/clients"));
    // As if it were installed; that its tarball can be is shown in test/e2e/clients.
    const paths = { "@pausepoint/client": [join(project, "clients/typescript/src/index.ts")] };
    await Bun.write(join(folder, "work/tsconfig.json"), JSON.stringify({ compilerOptions: { paths } }));
    const taps = { on: false, refused: [] as string[] };
    const config = await loadConfig({ flags: { data: join(folder, "data"), port: "0" }, env: {}, cwd: folder });
    const app = await startApp({
      config,
      log: silentLog,
      onOutbox: ({ link }) => {
        if (taps.on) void tapFirst(link).catch((error: Error) => taps.refused.push(error.message));
      },
    });
    return new DocumentReader(folder, app, taps);
  }

  /** Follows the whole document. Answers what each fence that was run has printed, by its place. */
  async follow(document: Document): Promise<Map<string, string>> {
    const printed = new Map<string, string>();
    for (const fence of document.fences) {
      const { kind, detail } = fence.marker ?? { kind: "", detail: "" };
      if (kind === "file") await Bun.write(join(this.#folder, "work", detail), fence.text);
      if (kind === "run") printed.set(fence.place, await this.#run(fence, detail === "answered"));
    }
    return printed;
  }

  async #run(fence: Fence, answered: boolean): Promise<string> {
    const script = fence.text
      .replaceAll("http://127.0.0.1:8787", this.#app.url)
      .replaceAll("pp_test_…", this.#app.firstKey ?? "");
    await Bun.write(
      join(this.#folder, "work/fence.sh"),
      `set -euo pipefail\nset -a\n. ./state\n${script}\nexport -p > state\n`,
    );
    this.#taps.on = answered;
    const env = environment({
      PATH: `${join(this.#folder, "bin")}:${process.env.PATH ?? ""}`,
      PAUSEPOINT_DATA: join(this.#folder, "data"),
      // As if the Python client were installed; that its wheel can be is shown in test/e2e/clients.
      PYTHONPATH: join(project, "clients/python/src"),
      PYTHONDONTWRITEBYTECODE: "1",
    });
    const { status, stdout, stderr } = await run(["bash", "fence.sh"], join(this.#folder, "work"), env);
    const wrong = [...this.#taps.refused, ...(status === 0 ? [] : [`status ${status}`])];
    if (wrong.length > 0) throw new Error(`${fence.place} ${wrong.join("; ")}\n${stdout}${stderr}`);
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#app.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Opens a link and taps the first option of its page. */
async function tapFirst(link: string): Promise<void> {
  const page = await (await fetch(link)).text();
  const choice = /name="choice" value="([^"]*)"/.exec(page)?.[1];
  if (choice === undefined) throw new Error(`no option stands on the page of ${link}`);
  const answer = await fetch(link, { method: "POST", redirect: "manual", body: new URLSearchParams({ choice }) });
  if (answer.status !== 303) throw new Error(`the tap was answered with ${answer.status}`);
}
