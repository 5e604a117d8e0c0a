export { readAskables } from "./askable.ts";
export { withdrawPause } from "./cancel.ts";
export {
  catalogueStand,
  countsBetween,
  dropFromCatalogue,
  findInCatalogue,
  holdsWords,
  secondsOf,
  takeIntoCatalogue,
} from "./catalogue/index.ts";
export type { PauseContext } from "./context.ts";
export type { Origin } from "./end.ts";
export { eventBody } from "./event-body.ts";
export { eventRoutes } from "./event-routes.ts";
export { EventStreams } from "./event-streams.ts";
export { expireOne } from "./expire.ts";
export { logRoutes } from "./log-routes.ts";
export { isNews, recordOpened } from "./open.ts";
export { Pauses } from "./pauses.ts";
export {
  findAppearance,
  findPause,
  newestEvent,
  newestPauseId,
  nextDue,
  pauseById,
  pendingByMode,
  viewsOf,
} from "./queries.ts";
export { type Directory, normaliseAddress, normaliseRecipients, type Person, unusableAddresses } from "./recipients.ts";
export { createBody, limits } from "./request.ts";
export { pauseRoutes } from "./routes.ts";
export type { SentPage } from "./sent-page.ts";
export type { Pause } from "./shape.ts";
export { forgetOldEvents, forgetStaleKeys } from "./sweep.ts";
export { Timeouts } from "./timeouts.ts";
export { Waiters } from "./waiters.ts";
