export { collectReport, type Report, type ReportRequest } from "./collect.ts";
export { reportHtml } from "./html.ts";
export { articles, DATES } from "./map.ts";
