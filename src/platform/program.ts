import { join } from "node:path";

/** How this very program is started again: as the executable that it is, or from source. Arguments go behind it. */
export const ownProgram: readonly string[] =
  process.env.PAUSEPOINT_BUILD_VERSION === undefined
    ? [process.execPath, join(import.meta.dir, "../main.ts")]
    : [process.execPath];
