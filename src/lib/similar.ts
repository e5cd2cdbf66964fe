// "Did you mean": the known word that a misspelt one is nearest to. Room: lib (pure).

/** Nothing that anybody mistypes is longer; comparing costs the product of two lengths. */
const LONGEST = 64;

/**
 * The candidate with the fewest typing errors between it and the word: letters added, left out, changed, or two swapped. One
 * error for every three letters is allowed, at least one and at most three; capitals, blanks, - and _ do not count.
 * Undefined where none is near, or the word is one of the candidates. Of equally near ones the first.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > LONGEST || candidates.includes(word)) return undefined;
  const plain = simplify(word);
  const allowed = Math.min(3, Math.max(1, Math.floor(plain.length / 3)));
  const near = candidates
    .map((candidate) => ({ candidate, errors: countErrors(plain, simplify(candidate), allowed) }))
    .filter(({ errors, candidate }) => errors <= allowed && errors < candidate.length);
  return near.sort((a, b) => a.errors - b.errors)[0]?.candidate;
}

/** ` Did you mean "archive"?`, with the blank before it; empty where nothing is near. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const candidate = nearest(word, candidates);
  return candidate === undefined ? '' : ` Did you mean "${candidate}"?`;
}

function simplify(word: string): string {
  return word.toLowerCase().replaceAll(/[\s_-]/g, '');
}

/** Optimal string alignment; Infinity where the lengths alone say that it is more than allowed. */
function countErrors(a: string, b: string, allowed: number): number {
  if (Math.abs(a.length - b.length) > allowed) return Number.POSITIVE_INFINITY;
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const change = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(Math.min(change, at(i - 1, j) + 1, at(i, j - 1) + 1, isSwap ? at(i - 2, j - 2) + 1 : change));
    }
  }
  return at(a.length, b.length);
}
