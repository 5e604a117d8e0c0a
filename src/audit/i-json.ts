/** One implementation with the client, so that an action is refused here and there alike. */
export { IJsonError, parseIJson } from "../../clients/typescript/src/i-json.ts";
