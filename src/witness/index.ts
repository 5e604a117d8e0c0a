export { makeCosigner, readCosigner } from "./cosigner.ts";
export { openLedger } from "./ledger.ts";
export { witnessRoutes } from "./routes.ts";
export { Witness } from "./witness.ts";
