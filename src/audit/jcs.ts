/** One implementation with the client, so that asker, executor and log hash the same text. */
export { canonicalize, JcsError, type JsonValue } from "../../clients/typescript/src/jcs.ts";
