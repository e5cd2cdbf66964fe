// Text of somebody else's for a terminal or a page: nothing in it may steer what shows it. Room: lib (pure).

/** Controls, and what has no width or turns the direction of text; a line end and a tab stay. */
const STEERING = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Each such character as its code point, such as `\u{1b}`; half of a surrogate pair is U+FFFD. */
export function toPrintable(text: string): string {
  return text.toWellFormed().replace(STEERING, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
}

/** The same, on one line. */
export function toPrintableLine(text: string): string {
  return toPrintable(text).replace(/\s*[\n\t]\s*/g, ' ');
}
