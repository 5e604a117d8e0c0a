/** What stands in place of a text that was erased, wherever a text has to stand. */
export const ERASED = "[erased]";
