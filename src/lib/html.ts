// HTML in which every value is escaped unless it is HTML itself. Room: lib (pure).
import { toPrintable } from './printable.ts';

/** Made by `html` alone. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Value = Html | string | number | readonly Value[] | undefined;

/** Values are text, in elements and in quoted attributes; a list is its items, one after another; undefined is nothing. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  return new Html(parts.reduce((text, part, index) => text + render(values[index - 1]) + part));
}

/** For what is known to be HTML: a style sheet, a block that was escaped in its own way. */
export function raw(text: string): Html {
  return new Html(text);
}

function render(value: Value): string {
  if (value === undefined) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'string' || typeof value === 'number') return escapeHtml(String(value));
  return value.map(render).join('');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return toPrintable(text).replace(/[&<>"']/g, (char) => ESCAPES[char] ?? char);
}
