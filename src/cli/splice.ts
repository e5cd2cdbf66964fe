// Replacements in a text. Room: cli (door).

export interface Splice {
  readonly start: number;
  /** The same as start where only something is put in. */
  readonly end: number;
  readonly text: string;
  /** At one place the deeper goes first: the end of a list is before the end of what holds it. */
  readonly depth: number;
}

export function applySplices(text: string, splices: readonly Splice[]): string {
  const ordered = [...splices].sort((a, b) => a.start - b.start || b.depth - a.depth);
  let result = '';
  let cursor = 0;
  for (const splice of ordered) {
    // Two removals may both claim the line end between them.
    result += text.slice(cursor, Math.max(cursor, splice.start)) + splice.text;
    cursor = Math.max(cursor, splice.end);
  }
  result += text.slice(cursor);
  // Lines were taken from the end of a text whose last line has no end.
  return text.endsWith('\n') ? result : result.replace(/\r?\n$/, '');
}
