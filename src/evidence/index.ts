export { checkpointNow } from "./checkpoints.ts";
export { exportCsv } from "./csv.ts";
export { type ExportRequest, exportLines, prepareExport } from "./export.ts";
export { logHead, signingKeysOf } from "./keys.ts";
export { provePause } from "./proof.ts";
export { articles, collectReport, DATES, type Report, reportHtml } from "./report/index.ts";
export { evidenceRoutes, openedBy } from "./routes.ts";
export { compareWithKept, Faulty, type FileVerdict, trustedLog, Unreadable, verifyFile } from "./verify/index.ts";
