import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXIT } from '../../src/api/names.ts';
import type { Restore } from '../../src/api/restore.ts';
import { runCli } from '../../src/cli/cli.ts';
import { buildRestore } from '../../src/cli/restore.ts';
import { confirm, findUndone, IN_PLACE } from '../../src/cli/restore-in-place.ts';
import { type StandIn, startStandIn } from '../support/api-server.ts';
import { createFakeKube } from '../support/fake-kube.ts';
import { type Captured, captureOutput } from '../support/output.ts';

/** | --confirm | terminal | typed | goes on, or what is said | */
const ROWS = [
  ['orders', false, undefined, undefined],
  ['orders', true, undefined, undefined],
  ['order', true, undefined, /--confirm is "order", and the data of "orders" would be replaced/],
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
    const { problem } = await confirm('orders', given, IN_PLACE, terminal);
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

function replaceData({ kubeconfig }: StandIn): Promise<Captured<number>> {
  const args = ['restore', 'orders', '--latest', '--in-place', '--confirm', 'orders', '--no-wait'];
  const signal = new AbortController().signal;
  return captureOutput(() => runCli('walguard', [...args, '--kubeconfig', kubeconfig], '1.2.3', signal));
}

test('one to the same moment as an earlier one gets a number: what says how to go back stays', async (context) => {
  const taken = ['orders-latest', 'orders-latest-2'];
  const server = await startStandIn(context, ({ method, body }) => {
    const { name } = (body as Restore | undefined)?.metadata ?? {};
    return method === 'POST' && taken.includes(name ?? '') ? [409, { message: 'it exists' }] : [201, body];
  });
  const { result, stderr } = await replaceData(server);
  assert.equal(result, EXIT.ok, stderr);
  assert.match(stderr, /^Restore shop\/orders-latest-3: orders/);
  assert.deepEqual(
    server.asked.map(({ body }) => (body as Restore).metadata.name),
    [...taken, 'orders-latest-3'],
  );
});

test('what is refused for another reason is asked for once', async (context) => {
  const server = await startStandIn(context, () => [422, { message: 'no' }]);
  const { result } = await replaceData(server);
  assert.equal(result, EXIT.failed);
  assert.equal(server.asked.length, 1);
});
