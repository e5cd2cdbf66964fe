// What is known of a code that is not a rule's id. Room: inject (pure).

export interface CodeText {
  /** Version of walguard that brought the code, or its present meaning. */
  readonly since: string;
  /** One sentence in plain words: what must hold; for an answer, what it says. */
  readonly describe: string;
  /** What to do in general; each reason carries the remedy for its own case. */
  readonly remedy: string;
}

export interface CodeGroup {
  readonly title: string;
  readonly intro: string;
  readonly codes: Readonly<Record<string, CodeText>>;
}
