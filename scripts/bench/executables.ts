import { join } from "node:path";
import { bundle } from "../build/bundle.ts";
import { definesFor } from "../build/defines.ts";
import { runtimeFor } from "../build/runtime.ts";
import { ownTarget } from "../build/targets.ts";

/** Paths of the two compiled programs. */
export interface Executables {
  /** The product, as `npm run build` makes it. */
  readonly product: string;
  /** The routes without storage (echo.ts), made in the same way; never part of the product. */
  readonly echo: string;
}

/** Compiles both from the sources as they are now, into `folder`. */
export async function compile(project: string, folder: string): Promise<Executables> {
  const target = ownTarget();
  const runtime = await runtimeFor(target, project, folder);
  const define = definesFor("bench", "");
  const made = { product: join(folder, "pausepoint"), echo: join(folder, "echo") };
  await bundle({ project, entry: join(project, "src/main.ts"), outfile: made.product, target, runtime, define });
  const entry = join(project, "scripts/bench/echo.ts");
  await bundle({ project, entry, outfile: made.echo, target, runtime, define });
  return made;
}
