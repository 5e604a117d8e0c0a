import { ar } from "./ar.ts";
import { de } from "./de.ts";
import { en } from "./en.ts";
import { es } from "./es.ts";
import { fr } from "./fr.ts";
import { pt } from "./pt.ts";
import type { Wording } from "./wording.ts";

export type { Wording } from "./wording.ts";

/** Spoken where the reader asked for nothing that the page speaks. */
export const defaultLanguage: Wording = en;

/** Every language of the answer page. A new one is a file of its own and a place in this list. */
export const languages: readonly Wording[] = [en, es, de, fr, pt, ar];
