/** What a test message says. */
import type { LoadedConfig } from "../../platform/config/load.ts";
import { projectAppearance } from "../../platform/config/schema.ts";
import { composeText } from "../text.ts";

export interface TestText {
  readonly text: string;
  /** As it stands in the text, or empty. */
  readonly link: string;
  /** What to look at where it arrives, or null. */
  readonly compare: string | null;
}

const NOTHING_TO_DO = "This is a test by the operator. Nothing is asked, and the link leads to the start page.";

/** As real messages are made, with a link to the start page: carriers judge a text by its link, too. */
export function usualText(config: LoadedConfig, segments: number | null): TestText {
  const link = `${config.baseUrl}/`;
  const project = projectAppearance(config, "default").displayName;
  const text = composeText(config.texts.sms, { message: NOTHING_TO_DO, link, project }, { segments });
  return { text, link, compare: null };
}

/**
 * Characters that gateways get wrong: those of the GSM alphabet that other alphabets have elsewhere (`@` is 0 in it), of
 * its extension table, and then some that only UCS-2 has. In one text they would all go as UCS-2, and prove nothing.
 */
export const charsetTexts: readonly TestText[] = [
  {
    text: "PausePoint test 1 of 2: @£$¥_ äöüß ÄÖÜ éèñ € [~] {|} ^ \\ end",
    link: "",
    compare:
      "Compare each character on the phone. Where @ or £ or _ came as another one, the gateway takes the text for another " +
      "alphabet: for SMPP see charset and dataCodingGsm7 in docs/smpp.md. Where € or a bracket is missing, it knows no " +
      "extension table.",
  },
  {
    text: "PausePoint test 2 of 2: “x” … ł ж 水 😀 end",
    link: "",
    compare:
      "Where these came as question marks, the gateway sends no UCS-2; as other signs in pairs, it turns bytes round.",
  },
];
