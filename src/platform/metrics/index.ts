export { type End, Metrics } from "./catalogue.ts";
