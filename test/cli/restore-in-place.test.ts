import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildRestore } from '../../src/cli/restore.ts';
import { confirm, findUndone } from '../../src/cli/restore-in-place.ts';
import { createFakeKube } from '../support/fake-kube.ts';

/** | --confirm | terminal | typed | goes on, or what is said | */
const ROWS = [
  ['orders', false, undefined, undefined],
  ['orders', true, undefined, undefined],
  ['order', true, undefined, /--confirm is "order", and the database whose data are replaced is "orders"/],
  [undefined, false, undefined, /say --confirm orders for that/],
  [undefined, true, 'orders\n', undefined],
  [undefined, true, 'yes', /"yes" is not "orders"; nothing is done/],
  [undefined, true, '', /nothing is done/],
] as const;

for (const [given, isTTY, typed, said] of ROWS) {
  test(`--confirm ${given}, ${isTTY ? 'a terminal' : 'no terminal'}, typed ${JSON.stringify(typed)}`, async () => {
    let asked = '';
    const terminal = {
      isTTY,
      ask: async (question: string) => {
        asked = question;
        return typed ?? assert.fail('it was asked for nothing');
      },
    };
    const { problem } = await confirm('orders', given, terminal);
    if (said === undefined) assert.equal(problem, undefined);
    else assert.match(problem ?? '', said);
    assert.equal(asked !== '', typed !== undefined, 'asked only where it is not said');
  });
}

test('what is asked of the cluster: in place, and back', () => {
  const target = { latest: true } as const;
  const { spec } = buildRestore('orders', 'shop', target, { inPlace: true });
  assert.deepEqual(spec, { source: { database: 'orders' }, target, destination: { inPlace: { confirm: 'orders' } } });
  const undo = buildRestore('orders', 'shop', target, { undo: 'orders-latest' });
  assert.deepEqual(undo.spec.destination, { inPlace: { confirm: 'orders', undo: 'orders-latest' } });
  assert.equal(undo.metadata.name, 'orders-latest-undone');
});

test('whose data are put back is told by the Restore that is undone', async () => {
  const metadata = { name: 'back', namespace: 'shop' };
  const kube = createFakeKube({
    apiVersion: 'walguard.dev/v1alpha1',
    kind: 'Restore',
    metadata,
    spec: { source: { database: 'orders' } },
  });
  assert.equal(await findUndone(kube, 'shop', 'back'), 'orders');
  assert.equal(await findUndone(kube, 'shop', 'other'), undefined);
});
