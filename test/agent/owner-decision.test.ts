import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Claimant, decideOwner, type OwnerRecord, type OwnerVerdict } from '../../src/agent/owner-decision.ts';

const NOW = '2026-11-21T12:00:00.000Z';
const LATELY = '2026-11-21T11:50:01.000Z';
const LONG_AGO = '2026-11-21T11:50:00.000Z';
const ME: Claimant = {
  writer: 'me',
  installation: 'here',
  namespace: 'shop',
  database: 'orders',
  pod: 'orders-0',
  node: 'n1',
  timeline: 1,
};
const RECORD: OwnerRecord = {
  ...ME,
  writer: 'other',
  since: '2026-11-20T00:00:00.000Z',
  renewedAt: LATELY,
};

type Changes<T> = { readonly [K in keyof T]?: T[K] | undefined };

type Row = readonly [what: string, record: Changes<OwnerRecord>, me: Changes<Claimant>, verdict: string];

/** What differs from two runs of one pod in one installation, lately. A field of undefined is one that is not there. */
const ROWS: readonly Row[] = [
  ['this very run', { writer: 'me' }, {}, 'ours since 2026-11-20T00:00:00.000Z'],
  [
    'this very run, after its cluster changed its CA',
    { writer: 'me', installation: 'old' },
    {},
    'ours since 2026-11-20T00:00:00.000Z',
  ],
  ['an earlier run of this pod', {}, {}, 'ours'],
  ['another pod, and a promotion between', { pod: 'orders-1' }, { timeline: 2 }, 'ours'],
  ['another pod, and this one does not write yet', { pod: 'orders-1' }, { timeline: undefined }, 'ours'],
  ['another pod on the same timeline', { pod: 'orders-1' }, {}, 'OwnedByAnother'],
  ['the same, with installations unknown', { pod: 'orders-1', installation: undefined }, {}, 'OwnedByAnother'],
  ['another pod on the same timeline, long ago', { pod: 'orders-1', renewedAt: LONG_AGO }, {}, 'ours'],
  ['another installation', { installation: 'there' }, {}, 'OwnedByAnother'],
  ['another installation, seen by a standby', { installation: 'there' }, { timeline: undefined }, 'OwnedByAnother'],
  ['another installation, promoted since', { installation: 'there' }, { timeline: 2 }, 'OwnedByAnother'],
  ['another installation, long ago', { installation: 'there', renewedAt: LONG_AGO }, {}, 'ours with a warning'],
  [
    'another installation, by a clock far ahead',
    { installation: 'there', renewedAt: '2026-12-01T00:00:00Z' },
    {},
    'ours with a warning',
  ],
  ['an installation that is not known', { installation: undefined }, {}, 'ours'],
  ['any, and this one does not know its own', { installation: 'there' }, { installation: undefined }, 'ours'],
  ['another key', { encryptionKeyId: 'a' }, { encryptionKeyId: 'b' }, 'KeyChanged'],
  ['another key, of this very run', { writer: 'me', encryptionKeyId: 'a' }, { encryptionKeyId: 'b' }, 'KeyChanged'],
  ['a key, and there is none now, long ago', { encryptionKeyId: 'a', renewedAt: LONG_AGO }, {}, 'KeyChanged'],
  ['no key, and there is one now', {}, { encryptionKeyId: 'a' }, 'KeyChanged'],
  ['nobody, since a restore in place left it', { leftFor: 'back' }, {}, 'LeftByRestore'],
  ['nobody, though of this very run', { writer: 'me', leftFor: 'back' }, {}, 'LeftByRestore'],
  ['the same key', { encryptionKeyId: 'a' }, { encryptionKeyId: 'a' }, 'ours'],
];

function describe(verdict: OwnerVerdict): string {
  if (verdict.kind === 'refused') return verdict.reason;
  if (verdict.warning) return 'ours with a warning';
  return verdict.since === NOW ? 'ours' : `ours since ${verdict.since}`;
}

function without<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}

for (const [what, record, me, verdict] of ROWS) {
  test(`the prefix is of ${what}: ${verdict}`, () => {
    const [of, claimant] = [without({ ...RECORD, ...record }), without({ ...ME, ...me })];
    assert.equal(describe(decideOwner(of as OwnerRecord, claimant as Claimant, NOW)), verdict);
  });
}

test('a prefix of nobody is ours from now on', () => {
  assert.deepEqual(decideOwner(undefined, ME, NOW), { kind: 'ours', since: NOW });
});

test('who is refused is told by whom, and what to do', () => {
  const verdict = decideOwner({ ...RECORD, installation: 'there', node: 'far' }, ME, NOW);
  assert.ok(verdict.kind === 'refused');
  assert.equal(
    verdict.message,
    'another copy of this database writes to the same prefix: shop/orders-0 on node far, in another Kubernetes cluster, last seen 2026-11-21T11:50:01.000Z. WAL is kept here and nothing is written. End one of the two, or give this one a policy with another prefix; ten minutes after the other was last seen this one takes over',
  );
});

test('who has lost the key is told that nothing is written without it', () => {
  const messages = [
    decideOwner({ ...RECORD, encryptionKeyId: 'a' }, ME, NOW),
    decideOwner({ ...RECORD, encryptionKeyId: 'a' }, { ...ME, encryptionKeyId: 'b' }, NOW),
    decideOwner(RECORD, { ...ME, encryptionKeyId: 'b' }, NOW),
  ].map((verdict) => (verdict.kind === 'refused' ? verdict.message : ''));
  assert.deepEqual(messages, [
    'the archive was begun with another key, and there is none now. WAL is kept here and nothing is written. Put the old key back, or give it a policy with another prefix',
    'the archive was begun with another key. WAL is kept here and nothing is written. Put the old key back, or give it a policy with another prefix',
    'the archive was begun without encryption. WAL is kept here and nothing is written. Give it a policy with another prefix: one archive is encrypted as a whole, or not at all',
  ]);
});
