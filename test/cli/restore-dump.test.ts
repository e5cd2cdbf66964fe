// `walguard restore --from-dump`: the Restore that it asks for, and what it refuses by itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EXIT } from '../../src/api/names.ts';
import type { Restore } from '../../src/api/restore.ts';
import { runCli } from '../../src/cli/cli.ts';
import { startStandIn } from '../support/api-server.ts';
import { type Captured, captureOutput } from '../support/output.ts';

function restore(kubeconfig: string, ...more: string[]): Promise<Captured<number>> {
  const args = ['restore', 'orders', '--kubeconfig', kubeconfig, ...more];
  return captureOutput(() => runCli('walguard', args, '1.2.3', new AbortController().signal));
}

const NAME = '20261121T020000Z-pg_dumpall';

test('a dump by name or the latest one, into a StatefulSet: no target', async (context) => {
  const server = await startStandIn(context, ({ body }) => [201, body]);
  const { result, stderr } = await restore(server.kubeconfig, '--from-dump', 'latest', '--as', 'copy', '--no-wait');
  assert.equal(result, EXIT.ok);
  assert.match(stderr, /^Restore shop\/copy: orders from dump latest into StatefulSet "copy"/);
  await restore(server.kubeconfig, '--from-dump', NAME, '--no-wait');
  const [latest, named] = server.asked.map(({ body }) => body as Restore);
  assert.deepEqual(latest?.spec, {
    source: { database: 'orders', dump: 'latest' },
    destination: { statefulSet: 'copy' },
  });
  assert.deepEqual(named?.spec, {
    source: { database: 'orders', dump: NAME },
    destination: { statefulSet: 'orders-from-dump' },
  });
});

const REFUSED: readonly (readonly [args: readonly string[], why: RegExp])[] = [
  [['--from-dump', 'yesterday'], /--from-dump "yesterday" is no dump's name, such as 2026/],
  [['--from-dump', 'latest', '--latest'], /--from-dump has a moment of its own: without a target/],
  [['--from-dump', 'latest', '--to-time', '2026-01-02T03:04:05Z'], /without a target/],
  [['--from-dump', 'latest', '--to-lsn', 'x'], /without a target/],
  [['--from-dump', 'latest', '--backup', 'base_000000010000000000000003'], /without a target/],
  [['--from-dump', 'latest', '--claim', 'copy'], /--from-dump makes a StatefulSet: with --as instead of --claim/],
];

for (const [args, why] of REFUSED) {
  test(`${args.join(' ')}: wrong usage, and nothing is asked`, async (context) => {
    const server = await startStandIn(context, ({ body }) => [201, body]);
    const { result, stderr } = await restore(server.kubeconfig, ...args);
    assert.equal(result, EXIT.usage);
    assert.match(stderr, why);
    assert.equal(server.asked.length, 0);
  });
}
