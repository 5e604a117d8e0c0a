import { run } from "./cli/program.ts";

// The exit status is set, not forced, so that what was written to a pipe gets through.
process.exitCode = await run(process.argv.slice(2));
