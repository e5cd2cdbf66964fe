import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Condition, decideRenewal, keepsOlder } from '../../src/controller/certificate-decision.ts';

const CONDITIONS: readonly Condition[] = ['good', 'due', 'unusable'];

test('what is renewed, for every condition and every request', () => {
  for (const authority of CONDITIONS) {
    for (const serving of CONDITIONS) {
      for (const asked of [undefined, 'leaf', 'ca'] as const) {
        const row = `CA ${authority}, leaf ${serving}, asked for ${asked}`;
        const expected =
          authority !== 'good' ? 'ca' : asked === 'ca' ? 'ca' : serving === 'good' && !asked ? 'nothing' : 'leaf';
        assert.equal(decideRenewal(authority, serving, asked), expected, row);
      }
    }
  }
});

test('older authorities are kept until the new ones are published and the overlap is over', () => {
  for (const [isPublished, ageMs, expected] of [
    [false, 0, true],
    [false, 1e12, true],
    [true, 0, true],
    [true, 999, true],
    [true, 1000, false],
    // A clock that was set back.
    [true, -5, true],
  ] as const) {
    assert.equal(keepsOlder(isPublished, ageMs, 1000), expected, `${isPublished}, ${ageMs} ms`);
  }
});
