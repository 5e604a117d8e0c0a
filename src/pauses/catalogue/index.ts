export {
  catalogueStand,
  dropFromCatalogue,
  findInCatalogue,
  holdsWords,
  secondsOf,
  takeIntoCatalogue,
} from "./catalogue.ts";
export { countsBetween } from "./queries.ts";
