/**
 * What the articles of the EU AI Act (Regulation (EU) 2024/1689) that concern oversight ask for, and where an answer stands.
 * A map and no more: whether a system conforms is for its provider and deployer to say.
 */
export interface MapEntry {
  readonly article: string;
  /** What it asks, in short; the text of the Regulation is what counts. */
  readonly asks: string;
  /** What this installation can show of it. */
  readonly shown: string;
  /** What stays for people to show. */
  readonly notShown: string;
}

/** Where the duties stand: the dates were moved after the Regulation was made. */
export const DATES =
  "Regulation (EU) 2026/1744 moved the duties of high-risk systems: those of Annex III apply from 2 December 2027, those of Annex I from 2 August 2028. The harmonised standards for logging are not final. This report claims no conformity.";

export const articles: readonly MapEntry[] = [
  {
    article: "Article 12: record-keeping",
    asks: "Events over the system's life are recorded automatically, so that situations of risk can be found and its working followed.",
    shown:
      "Every question, delivery, look, answer, timeout and withdrawal is an entry of a hash-chained log under signed checkpoints, with time and actor; it is exported and checked offline (docs/audit-format.md).",
    notShown:
      "What the system did that it asked nobody about. Only an executor that acts on no receipt but a genuine one closes that.",
  },
  {
    article: "Article 14: human oversight",
    asks: "People can understand what they oversee, are aware of automation bias, and can decide not to follow, override or stop.",
    shown:
      "How many questions a person decided and how many the clock, which options people took, how long they took, and how many answered within two seconds of the first look.",
    notShown: "Whether a person understood the question, was competent to answer it, or was free to say no.",
  },
  {
    article: "Article 19: logs kept by providers",
    asks: "The logs are kept for at least six months, unless other law says otherwise.",
    shown:
      "The log's size and its newest checkpoint; retention as configured; each pruning and erasure is an entry itself.",
    notShown: "That a copy is kept where the operator of this server can't reach it.",
  },
  {
    article: "Article 26: duties of deployers",
    asks: "Oversight is given to people with competence, training and authority; the working is monitored; logs are kept for at least six months.",
    shown:
      "Who may be asked and by which key, what could not be delivered, which answers came late, and changes to keys and configuration.",
    notShown: "Competence, training and authority of the people who were asked.",
  },
];
