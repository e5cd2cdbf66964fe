import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChainLink, type Joint, judgeChain } from '../../../src/lib/evidence/chain.ts';

/** `a` is the digest of the record with id `a`. */
function link(id: string, previous?: string, changes: Partial<ChainLink> = {}): ChainLink {
  return { id, sha256: id, ...(previous === undefined ? {} : { previous }), seal: 'good', ...changes };
}

const TABLE: readonly (readonly [name: string, links: readonly ChainLink[], joints: readonly Joint['kind'][]])[] = [
  ['no records', [], []],
  ['one record', [link('a')], ['first']],
  ['a whole chain', [link('a'), link('b', 'a'), link('c', 'b')], ['first', 'linked', 'linked']],
  ['the newest ones of a chain', [link('b', 'a'), link('c', 'b')], ['continues', 'linked']],
  ['a record is missing', [link('a'), link('c', 'b'), link('d', 'c')], ['first', 'gap', 'linked']],
  [
    'a record was altered, and its digest with it',
    [link('a'), link('b', 'a', { sha256: 'B', seal: 'altered' }), link('c', 'b')],
    ['first', 'linked', 'after-altered'],
  ],
  [
    'one without a signature was altered: it cannot be told from one that is missing',
    [link('a'), link('b', 'a', { sha256: 'B', seal: 'none' }), link('c', 'b')],
    ['first', 'linked', 'gap'],
  ],
  ['two records follow the same one', [link('a'), link('b', 'a'), link('c', 'a')], ['first', 'linked', 'fork']],
  ['and that one is not here', [link('b', 'a'), link('c', 'a')], ['continues', 'fork']],
  [
    'a branch goes on',
    [link('a'), link('b', 'a'), link('c', 'a'), link('d', 'c')],
    ['first', 'linked', 'fork', 'linked'],
  ],
  ['a record is passed over', [link('a'), link('b', 'x'), link('c', 'a')], ['first', 'gap', 'skips']],
  [
    'an earlier one names a later one',
    [link('a', 'c'), link('b'), link('c', 'b')],
    ['out-of-order', 'begins-again', 'linked'],
  ],
  ['the order was turned', [link('a'), link('b', 'c'), link('c', 'a')], ['first', 'out-of-order', 'skips']],
  ['the chain begins a second time', [link('a'), link('b')], ['first', 'begins-again']],
  ['one id twice', [link('a'), link('a', 'a', { sha256: 'A' })], ['first', 'same-id']],
  [
    'a key that is not trusted breaks no link',
    [link('a'), link('b', 'a', { seal: 'another-key' })],
    ['first', 'linked'],
  ],
];

const WHOLE = new Set(['first', 'continues', 'linked']);

for (const [name, links, kinds] of TABLE) {
  test(`chain: ${name}`, () => {
    const joints = judgeChain(links);
    assert.deepEqual(
      joints.map(({ kind }) => kind),
      kinds,
    );
    for (const { kind, isWhole } of joints) assert.equal(isWhole, WHOLE.has(kind), kind);
  });
}

test('what is said names the records', () => {
  const says = (links: readonly ChainLink[]) => judgeChain(links).at(-1)?.says;
  assert.equal(says([link('a'), link('b', 'a'), link('c', 'a')]), 'it and b both say that they follow the same record');
  assert.match(says([link('a'), link('c', 'b')]) ?? '', /a record after a is missing, or that one was altered/);
  assert.match(says([link('a'), link('b', 'x'), link('c', 'a')]) ?? '', /it follows a, and not b/);
});
