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

test('one database of a dump, beside those of the server that runs, and in the place of one', async (context) => {
  const server = await startStandIn(context, ({ body }) => [201, body]);
  const into = ['--from-dump', 'latest', '--of', 'shop', '--into-database', 'shop_again', '--no-wait'];
  const { result, stderr } = await restore(server.kubeconfig, ...into);
  assert.equal(result, EXIT.ok);
  assert.match(
    stderr,
    /^Restore shop\/orders-from-dump: orders from dump latest into database "shop_again" of "orders"\n/,
  );
  const swapped = await restore(server.kubeconfig, ...into, '--swap', '--confirm', 'shop');
  assert.match(swapped.stderr, /into database "shop_again" of "orders", and then in the place of "shop"\n/);
  const [beside, swap] = server.asked.map(({ body }) => body as Restore);
  assert.deepEqual(beside?.spec, {
    source: { database: 'orders', dump: 'latest' },
    destination: { database: { name: 'shop_again', of: 'shop' } },
  });
  assert.deepEqual(swap?.spec.destination, { database: { name: 'shop_again', of: 'shop', swap: 'shop' } });
});

test('a second database of a dump: its Restore gets a number', async (context) => {
  const server = await startStandIn(context, ({ body }) =>
    (body as Restore).metadata.name === 'orders-from-dump' ? [409, {}] : [201, body],
  );
  const into = ['--from-dump', 'latest', '--of', 'shop', '--into-database', 'shop_again', '--no-wait'];
  const { stderr } = await restore(server.kubeconfig, ...into);
  assert.match(stderr, /^Restore shop\/orders-from-dump-2: /);
  const copy = await restore(server.kubeconfig, '--from-dump', 'latest', '--no-wait');
  assert.match(copy.stderr, /Choose another name with --as/);
});

const INTO = ['--from-dump', 'latest', '--into-database', 'again'];

const REFUSED: readonly (readonly [args: readonly string[], why: RegExp])[] = [
  [['--from-dump', 'yesterday'], /--from-dump "yesterday" is no dump's name, such as 2026/],
  [['--from-dump', 'latest', '--latest'], /--from-dump has a moment of its own: without a target/],
  [['--from-dump', 'latest', '--to-time', '2026-01-02T03:04:05Z'], /without a target/],
  [['--from-dump', 'latest', '--to-lsn', 'x'], /without a target/],
  [['--from-dump', 'latest', '--backup', 'base_000000010000000000000003'], /without a target/],
  [['--from-dump', 'latest', '--claim', 'copy'], /--from-dump makes a StatefulSet: with --as instead of --claim/],
  [INTO, /--into-database loads one database of the dump: which\? Name it with --of/],
  [['--latest', '--into-database', 'again', '--of', 'shop'], /--into-database is for dumps: with --from-dump/],
  [['--from-dump', 'latest', '--of', 'shop'], /--of and --swap are for --into-database/],
  [['--from-dump', 'latest', '--swap'], /--of and --swap are for --into-database/],
  [[...INTO, '--of', 'shop', '--as', 'copy'], /--into-database makes no StatefulSet/],
  [[...INTO, '--of', 'shop', '--no-start'], /--into-database makes no StatefulSet/],
  [[...INTO, '--of', 'shop', '--claim', 'copy'], /instead of --claim/],
  [[...INTO, '--of', 'again', '--swap'], /--swap needs another name in --into-database than in --of/],
  [[...INTO, '--of', 'shop', '--in-place'], /without --in-place and --undo/],
  [
    [...INTO, '--of', 'shop', '--swap', '--confirm', 'orders'],
    /--confirm is "orders", and the database "shop" would be replaced/,
  ],
  [
    [...INTO, '--of', 'shop', '--swap'],
    /the database "shop" would be replaced, and kept aside: say --confirm shop for that/,
  ],
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
