// Words for sh. Room: lib (pure).

/** The text as one word, whatever is in it but a NUL, which no argument can hold. */
export function quoteWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** As a person would type it: quotes only where they are needed. */
export function quoteCommand(words: readonly string[]): string {
  return words.map((word) => (/^[\w./:=@-]+$/.test(word) ? word : quoteWord(word))).join(' ');
}

export function quoteWords(words: readonly string[]): string {
  return words.map(quoteWord).join(' ');
}
