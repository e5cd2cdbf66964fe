import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { quoteWords } from '../../src/lib/shell.ts';

test('sh reads each word as it was, whatever is in it', () => {
  const word = fc.string({
    unit: fc.constantFrom("'", '"', '\\', '$', '`', '\n', ' ', ';', '*', 'a', 'ü', '!', '-'),
    maxLength: 8,
  });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 4 }), (words) => {
      const script = `printf '%s\\0' ${quoteWords([...words, 'end'])}`;
      const read = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
      assert.deepEqual(read, [...words, 'end']);
    }),
    { numRuns: 60 },
  );
});
