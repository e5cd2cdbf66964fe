// Words for sh. Room: lib (pure).

/** The text as one word, whatever is in it but a NUL, which no argument can hold. */
export function quoteWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

export function quoteWords(words: readonly string[]): string {
  return words.map(quoteWord).join(' ');
}
