/**
 * Everything the answer page says, in one language. A language is one file that exports one `Wording`;
 * `index.ts` lists them. Texts are plain: no markup, and `{name}` stands where the page puts a value.
 */
export interface Wording {
  /** BCP 47 primary language, e.g. `de`. Also the `lang` of the page when the reader's header names no region. */
  readonly tag: string;
  readonly direction: "ltr" | "rtl";

  /** Heading and title of an open question: `{project}` is the project's display name. */
  readonly questionFrom: string;
  readonly testNotice: string;
  /** Caption of the fence around the asker's words. */
  readonly agentSays: string;
  /** Names the table of details for a screen reader. */
  readonly details: string;
  /** `{code}` is a code point such as `U+202E`. */
  readonly hiddenCharacter: string;

  readonly yourAnswer: string;
  readonly commentLabel: string;
  readonly sending: string;
  readonly chooseOne: string;
  readonly commentTooLong: string;

  /** `{relative}` is a relative time such as "in 3 hours". */
  readonly expires: string;
  readonly thenDefault: string;
  readonly thenNothing: string;
  readonly recorded: string;
  readonly linkUse: string;

  readonly answeredTitle: string;
  readonly youChose: string;
  readonly answerRecorded: string;
  readonly alreadyAnswered: string;
  readonly yourComment: string;
  readonly close: string;

  readonly otherTitle: string;
  readonly otherChose: string;
  readonly nothingToDo: string;

  readonly expiredTitle: string;
  readonly expiredDefault: string;
  readonly expiredWithout: string;

  readonly withdrawnTitle: string;
  readonly withdrawnText: string;
  readonly withdrawnReason: string;
  /** In place of the asker's words, once they were erased. */
  readonly erased: string;

  readonly unknownTitle: string;
  readonly unknownText: string;

  readonly tooManyTitle: string;
  readonly tooManyText: string;

  readonly unavailableTitle: string;
  readonly unavailableText: string;
  readonly tryAgain: string;
}
