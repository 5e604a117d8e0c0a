/** Test messages by the operator: whom they go to, what they say, and sending them as the delivery queue would. */
export { recordTested, requestTest } from "./record.ts";
export { kindOf, readTarget, type Target } from "./target.ts";
export type { Tested } from "./tested.ts";
export { charsetTexts, type TestText, usualText } from "./texts.ts";
export { Trial } from "./trial.ts";
