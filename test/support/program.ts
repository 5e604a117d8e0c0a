/** What starts the product: the compiled executable, or its sources where nothing is built. */
import { existsSync } from "node:fs";
import { join } from "node:path";

const project = join(import.meta.dir, "../..");
const compiled = join(project, "dist/pausepoint");

/** To be followed by a command and its options; works from any folder. */
export const program: readonly string[] = existsSync(compiled)
  ? [compiled]
  : [process.execPath, join(project, "src/main.ts")];
