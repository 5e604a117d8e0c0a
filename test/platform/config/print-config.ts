/** What `compiled.test.ts` compiles: prints the configuration that it finds, or why there is none. */
import { loadConfig } from "../../../src/platform/config/load.ts";

try {
  console.log(JSON.stringify(await loadConfig({ env: process.env, cwd: process.cwd() })));
} catch (cause) {
  console.error(cause instanceof Error ? cause.message : cause);
  process.exitCode = 2;
}
