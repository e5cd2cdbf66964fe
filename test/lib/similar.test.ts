import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean, nearest } from '../../src/lib/similar.ts';

const SECTIONS = ['engine', 'storage', 'encryption', 'archive', 'baseBackup', 'retention', 'drills', 'dump', 'notify'];

/** What was typed, among what, and what was meant. */
const ROWS: readonly (readonly [word: string, candidates: readonly string[], meant: string | undefined])[] = [
  ['archiv', SECTIONS, 'archive'], // left out
  ['archivve', SECTIONS, 'archive'], // added
  ['archove', SECTIONS, 'archive'], // changed
  ['arhcive', SECTIONS, 'archive'], // swapped
  ['drill', SECTIONS, 'drills'],
  ['ARCHIVE', SECTIONS, 'archive'],
  ['base-backup', SECTIONS, 'baseBackup'],
  ['base_bakup', SECTIONS, 'baseBackup'],
  ['retenshun', SECTIONS, 'retention'], // three errors in nine letters
  ['ztsd', ['lz4', 'zstd', 'none'], 'zstd'],
  ['z4', ['lz4', 'zstd', 'none'], 'lz4'],
  ['brotli', ['lz4', 'zstd', 'none'], undefined],
  ['backup', SECTIONS, undefined],
  ['x', ['y'], undefined], // every letter is another
  ['', SECTIONS, undefined],
  ['archive', SECTIONS, undefined], // it is right
  ['', [], undefined],
  ['ab', ['aab', 'abb'], 'aab'], // equally near: the first
  ['ab', ['abb', 'aab'], 'abb'],
];

for (const [word, candidates, meant] of ROWS) {
  test(`"${word}" among ${candidates.join(', ')}: ${meant ?? 'nothing near'}`, () => {
    assert.equal(nearest(word, candidates), meant);
  });
}

test('the question, with the blank before it, or nothing', () => {
  assert.equal(`Correct it.${didYouMean('archiv', SECTIONS)}`, 'Correct it. Did you mean "archive"?');
  assert.equal(`Correct it.${didYouMean('zzz', SECTIONS)}`, 'Correct it.');
});

test('a word of a megabyte costs nothing', () => {
  assert.equal(nearest('a'.repeat(1 << 20), SECTIONS), undefined);
});
