export { createSlackChannel } from "./slack.ts";
