export { collectReport, type Report } from "./collect.ts";
export { reportHtml } from "./html.ts";
export { articles, DATES } from "./map.ts";
