export { type End, Metrics } from "./catalogue.ts";
export { expose, formatFor, mediaTypes } from "./exposition.ts";
