import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideTurn, type MemberState, type Members, type Turn } from '../../src/agent/base-backup-turn.ts';

// from, own, before, after, what is done, and what is done at last.
const CASES: readonly (readonly [
  from: 'primary' | 'standby',
  own: Members['own'],
  before: readonly MemberState[],
  after: readonly MemberState[],
  turn: Turn,
  last: Turn,
])[] = [
  ['primary', 'primary', [], [], 'take', 'take'],
  ['primary', 'primary', ['standby'], ['silent'], 'take', 'take'],
  ['primary', 'primary', ['primary'], [], 'take', 'take'],
  ['primary', 'standby', [], [], 'leave', 'leave'],
  ['primary', 'standby', ['primary'], [], 'leave', 'leave'],
  ['primary', 'standby', ['silent'], ['primary'], 'leave', 'leave'],
  ['primary', 'standby', ['silent'], [], 'wait', 'leave'],
  ['primary', 'standby', ['standby'], ['standby'], 'wait', 'leave'],
  ['primary', 'standby', ['stranger'], [], 'wait', 'leave'],
  ['standby', 'standby', ['primary'], [], 'take', 'take'],
  ['standby', 'standby', ['primary'], ['standby'], 'take', 'take'],
  ['standby', 'standby', ['primary', 'standby'], [], 'leave', 'leave'],
  ['standby', 'standby', ['silent'], ['primary'], 'take', 'take'],
  ['standby', 'primary', [], [], 'take', 'take'],
  ['standby', 'primary', [], ['standby'], 'leave', 'leave'],
  ['standby', 'primary', ['stranger'], ['stranger'], 'take', 'take'],
  ['standby', 'primary', ['silent'], ['standby'], 'leave', 'leave'],
  ['standby', 'primary', ['silent'], [], 'wait', 'take'],
];

for (const [from, own, before, after, turn, last] of CASES) {
  test(`from ${from}, being ${own}, between [${before}] and [${after}]: ${turn}, at last ${last}`, () => {
    const members = { own, before, after };
    assert.deepEqual([decideTurn(from, members, false), decideTurn(from, members, true)], [turn, last]);
  });
}

test('of any cluster whose servers all answer exactly one takes it', () => {
  for (const from of ['primary', 'standby'] as const) {
    for (const size of [1, 2, 3, 5]) {
      for (let primary = 0; primary < size; primary++) {
        const states = Array.from({ length: size }, (_, at): Members['own'] =>
          at === primary ? 'primary' : 'standby',
        );
        const turns = states.map((own, at) =>
          decideTurn(from, { own, before: states.slice(0, at), after: states.slice(at + 1) }, false),
        );
        assert.equal(turns.filter((turn) => turn === 'take').length, 1, `${from}: ${states} -> ${turns}`);
        assert.ok(!turns.includes('wait'));
      }
    }
  }
});
