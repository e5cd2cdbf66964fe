// YAML and JSON text to documents that know their place in the text. Room: manifest.
import { type Document, LineCounter, type ParsedNode, parseAllDocuments, type Tags } from 'yaml';
import type { Source } from './input.ts';
import type { Problem } from './problem.ts';

export interface ParsedFile extends Source {
  readonly documents: readonly Document.Parsed<ParsedNode>[];
  readonly lines: LineCounter;
}

/**
 * As Kubernetes reads it: YAML 1.1, where a bare `off` is false and 0755 is octal; but `2026-01-01`, `12:30` and `.` stay the
 * strings that they are there.
 */
const OPTIONS = { version: '1.1', prettyErrors: false, keepSourceTokens: true, customTags: readAsKubernetes } as const;

const DECIMAL = /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)$/;

function readAsKubernetes(tags: Tags): Tags {
  return tags.flatMap((tag): Tags => {
    if (typeof tag === 'string') return [tag];
    if (tag.format === 'TIME' || tag.tag === 'tag:yaml.org,2002:timestamp') return [];
    const isDecimal = tag.tag === 'tag:yaml.org,2002:float' && tag.test?.test('1.5');
    return [isDecimal ? ({ ...tag, test: DECIMAL } as typeof tag) : tag];
  });
}

/** Thousands of aliases in a manifest are an attack, not a style. */
const MAX_ALIASES = 1000;

export function parseSource(source: Source): ParsedFile | Problem {
  const lines = new LineCounter();
  // A tab in JSON stands between values only, and YAML does not take it; one blank keeps every position.
  const text = isJson(source.text) ? source.text.replaceAll('\t', ' ') : source.text;
  const documents = [...parseAllDocuments(text, { ...OPTIONS, lineCounter: lines })] as Document.Parsed<ParsedNode>[];
  const error = documents.flatMap(({ errors }) => errors)[0];
  if (!error) return { ...source, documents, lines };
  const { line, col } = lines.linePos(error.pos[0]);
  return {
    file: source.file,
    line,
    column: col,
    message: `it is no valid YAML: ${error.message}`,
    remedy: remedyOf(error.code),
  };
}

export function toJson(document: Document.Parsed<ParsedNode>): unknown {
  return document.toJS({ maxAliasCount: MAX_ALIASES });
}

export function isJson(text: string): boolean {
  return /^\uFEFF?\s*[[{]/.test(text);
}

function remedyOf(code: string): string {
  if (code === 'DUPLICATE_KEY') return 'Keep one of the two; which of them counts is up to the reader.';
  if (code === 'TAB_AS_INDENT') return 'Indent with blanks.';
  return 'Correct it there; a template must be rendered first (helm template, kustomize build).';
}
