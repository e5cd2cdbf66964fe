import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { EXIT } from '../../src/api/names.ts';
import type { Restore } from '../../src/api/restore.ts';
import { runCli } from '../../src/cli/cli.ts';
import { buildRestore } from '../../src/cli/restore.ts';
import { parseTime, readTarget } from '../../src/cli/restore-target.ts';
import { type Asked, type StandIn, startStandIn, writeKubeconfig } from '../support/api-server.ts';
import { type Captured, captureOutput } from '../support/output.ts';

const NOW = new Date('2026-11-21T10:00:00Z');

const MOMENTS: readonly (readonly [text: string, moment: string])[] = [
  ['2026-11-21T09:41:00Z', '2026-11-21T09:41:00Z'],
  ['2026-11-21T09:41:00.250Z', '2026-11-21T09:41:00.250Z'],
  ['2026-11-21T09:41:00.123456Z', '2026-11-21T09:41:00.123456Z'],
  ['2026-11-21T11:41:00.5+02:00', '2026-11-21T09:41:00.5Z'],
  ['2026-11-21T11:41:00+02:00', '2026-11-21T09:41:00Z'],
  ['2026-11-21T04:41:00-0500', '2026-11-21T09:41:00Z'],
  ['2026-11-21 09:41:00Z', '2026-11-21T09:41:00Z'],
  ['2026-11-21T09:41Z', '2026-11-21T09:41:00Z'],
  ['2026-11-21t09:41:00z', '2026-11-21T09:41:00Z'],
  ['2026-11-21T10:00:00Z', '2026-11-21T10:00:00Z'],
  ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
];

for (const [text, moment] of MOMENTS) {
  test(`--to-time ${text} is ${moment}`, () => {
    assert.deepEqual(parseTime(text, NOW), { moment });
  });
}

const NO_MOMENTS: readonly (readonly [text: string, why: RegExp])[] = [
  ['', /is no time/],
  ['yesterday', /is no time; write RFC 3339, such as 2026-11-21T10:00:00\.000Z/],
  ['orders 1 Z', /is no time/],
  ['5 Z', /is no time/],
  ['Nov 21 2026 09:41 -0500', /is no time/],
  ['1700000000', /is no time/],
  ['2026-11-21T25:00:00Z', /is no time/],
  ['2026-13-01T00:00:00Z', /is no time/],
  ['2026-02-31T00:00:00Z', /is no time/],
  ['2026-11-21', /has no time zone; add Z or an offset/],
  ['2026-11-21T09:41:00', /has no time zone/],
  ['2026-11-21 09:41', /has no time zone/],
  ['2026-11-21T10:00:01Z', /is in the future/],
  ['2026-11-21T10:00:00-01:00', /is in the future/],
];

for (const [text, why] of NO_MOMENTS) {
  test(`--to-time "${text}" is refused: ${why.source.split(';')[0]}`, () => {
    const answer = parseTime(text, NOW);
    assert.ok('problem' in answer);
    assert.match(answer.problem, why);
    assert.ok(answer.problem.startsWith(`--to-time "${text}"`));
  });
}

const TARGET = '2026-11-21T09:41:00.250Z';

test('a Restore names source, moment and destination', () => {
  assert.deepEqual(buildRestore('orders', 'shop', { time: TARGET }, { as: 'orders-before' }), {
    apiVersion: 'walguard.dev/v1alpha1',
    kind: 'Restore',
    metadata: { name: 'orders-before', namespace: 'shop' },
    spec: {
      source: { database: 'orders' },
      target: { time: '2026-11-21T09:41:00.250Z' },
      destination: { statefulSet: 'orders-before' },
    },
  });
});

test('from a prefix, into a claim, or without a start', () => {
  const from = 's3://backups/shop/orders/15/42';
  const { metadata, spec } = buildRestore('orders', 'shop', { latest: true }, { from, claim: 'copy' });
  assert.equal(metadata.name, 'copy');
  assert.deepEqual(spec, {
    source: { database: 'orders', storagePrefix: from },
    target: { latest: true },
    destination: { claim: 'copy' },
  });
  const stopped = buildRestore('orders', 'shop', { latest: true }, { start: false });
  assert.deepEqual([stopped.metadata.name, stopped.spec.autoStart], ['orders-latest', false]);
});

test('without a name the destination is named after database and moment, within what the API takes', () => {
  assert.equal(buildRestore('orders', 'shop', { time: TARGET }, {}).metadata.name, 'orders-20261121-094100');
  const long = buildRestore('o'.repeat(52), 'shop', { time: TARGET }, {}).spec.destination.statefulSet ?? '';
  assert.ok(long.length <= 52, long);
  assert.match(long, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
});

test('an instance is named only where it was asked for, and then the destination is named after it', () => {
  const { spec } = buildRestore('orders', 'shop', { time: TARGET }, { instance: 'orders-1' });
  assert.deepEqual(spec.source, { database: 'orders', instance: 'orders-1' });
  assert.equal(spec.destination.statefulSet, 'orders-1-20261121-094100');
  const dotted = buildRestore('or.ders', 'shop', { time: TARGET }, {}).spec.destination.statefulSet ?? '';
  assert.match(dotted, /^or-ders-[0-9a-f]{8}-20261121-094100$/);
});

// The command, against a stand-in for the API server.

const UNINTERRUPTED = new AbortController().signal;

const TIME = '2026-01-02T03:04:05Z';

function restore(server: Pick<StandIn, 'kubeconfig'>, ...more: string[]): Promise<Captured<number>> {
  const args = ['restore', 'orders', '--to-time', TIME, '--kubeconfig', server.kubeconfig, ...more];
  return captureOutput(() => runCli('walguard', args, '1.2.3', UNINTERRUPTED));
}

/** Creates what is asked for, then answers each look with the next of the statuses. */
function following(context: TestContext, ...statuses: Restore['status'][]): Promise<StandIn> {
  let looks = 0;
  let created: unknown = buildRestore('orders', 'shop', { latest: true }, { as: 'before' });
  return startStandIn(context, ({ method, body }: Asked) => {
    if (method === 'POST') created = body;
    return [
      200,
      method === 'POST' ? body : { ...(created as object), status: statuses[Math.min(looks++, statuses.length - 1)] },
    ];
  });
}

test('it asks for a Restore in the namespace of the context, and returns when told not to wait', async (context) => {
  const server = await startStandIn(context, ({ body }) => [201, body]);
  const { result, stderr, stdout } = await restore(server, '--no-wait', '--as', 'before');
  assert.equal(result, EXIT.ok);
  const [asked] = server.asked;
  assert.equal(server.asked.length, 1);
  assert.deepEqual([asked?.method, asked?.path], ['POST', '/apis/walguard.dev/v1alpha1/namespaces/shop/restores']);
  assert.equal((asked?.body as Restore | undefined)?.spec.destination.statefulSet, 'before');
  assert.match(stderr, /^Restore shop\/before: orders as of 2026-01-02T03:04:05Z into StatefulSet "before"/);
  assert.equal(stdout, '', 'progress is not data');
});

test('--namespace wins over the context', async (context) => {
  const server = await startStandIn(context, ({ body }) => [201, body]);
  await restore(server, '--no-wait', '-n', 'other');
  assert.match(server.asked[0]?.path ?? '', /\/namespaces\/other\/restores$/);
});

test('it follows the restore to its end: 0, each step said once', async (context) => {
  const server = await following(
    context,
    { phase: 'Fetching', message: 'from s3' },
    { phase: 'Completed', message: 'promoted' },
  );
  const { result, stderr, stdout } = await restore(server);
  assert.equal(result, EXIT.ok);
  assert.match(stderr, /Fetching: from s3\n.*Completed: promoted\n$/s);
  assert.equal(stdout, '');
});

test('a restore that fails ends with 1 and its message', async (context) => {
  const server = await following(context, { phase: 'Failed', message: 'no base backup' });
  const { result, stderr } = await restore(server);
  assert.equal(result, EXIT.failed);
  assert.match(stderr, /Failed: no base backup/);
});

test('-o json prints the Restore at its end, and nothing else, to stdout', async (context) => {
  const server = await following(context, { phase: 'Completed', message: 'promoted' });
  const { stdout } = await restore(server, '-o', 'json');
  assert.equal((JSON.parse(stdout) as Restore).status?.phase, 'Completed');
});

test('a restore that is not finished in time goes on without the command: 124, and how to see it', async (context) => {
  const server = await following(context, { phase: 'Fetching', message: 'slowly' });
  const { result, stderr } = await restore(server, '--timeout', '0.1', '--as', 'before');
  assert.equal(result, EXIT.timeout);
  assert.match(
    stderr,
    /not finished after 0\.1 s; it goes on, follow it again with: walguard restore --attach before -n shop/,
  );
});

test('an interrupt ends the command, not the restore, and says how to see it again', async (context) => {
  const server = await following(context, { phase: 'Replaying', message: 'replaying WAL' });
  const stop = new AbortController();
  const args = ['restore', 'orders', '--to-time', TIME, '--kubeconfig', server.kubeconfig];
  setTimeout(() => stop.abort(), 200);
  const { result, stderr } = await captureOutput(() => runCli('walguard', args, '1.2.3', stop.signal));
  assert.equal(result, EXIT.interrupted);
  assert.match(
    stderr,
    /The restore goes on without this command; follow it again with: walguard restore --attach orders-\S+ -n shop/,
  );
});

test('--attach follows a restore that runs; one that is not there: 3', async (context) => {
  const server = await following(context, { phase: 'Completed', message: 'promoted' });
  const asked = (kubeconfig: string) =>
    captureOutput(() =>
      runCli('walguard', ['restore', '--kubeconfig', kubeconfig, '--attach', 'before'], '1.2.3', UNINTERRUPTED),
    );
  const { result, stderr } = await asked(server.kubeconfig);
  assert.equal(result, EXIT.ok);
  assert.match(stderr, /Completed: promoted/);
  assert.ok(server.asked.every(({ method }) => method === 'GET'));
  const none = await startStandIn(context, () => [404, {}]);
  const missing = await asked(none.kubeconfig);
  assert.equal(missing.result, EXIT.notFound);
  assert.match(missing.stderr, /there is no Restore "before" in namespace "shop"/);
});

test('--plan asks for the plan alone, says it, and leaves no Restore behind', async (context) => {
  const server = await following(context, { phase: 'Completed', message: 'it would read base backup base_1' });
  const { result, stderr } = await restore(server, '--plan');
  assert.equal(result, EXIT.ok);
  assert.match(stderr, /^Plan only: orders as of .*it would read base backup base_1\n$/s);
  assert.equal((server.asked[0]?.body as Restore | undefined)?.spec.planOnly, true);
  assert.equal(server.asked.at(-1)?.method, 'DELETE');
});

const DENIED = { message: "the webhook's words" };
const FORBIDDEN = { message: "the server's words", details: { kind: 'restores' } };

const REFUSED: readonly (readonly [status: number, code: number, says: RegExp, body?: object])[] = [
  [404, EXIT.notFound, /Is there a namespace "shop", and is walguard installed/],
  [409, EXIT.failed, /Choose another name with --as/],
  [401, EXIT.unreachable, /the server's words/],
  [403, EXIT.unreachable, /the server's words/, FORBIDDEN],
  [403, EXIT.failed, /^the webhook's words$/m, DENIED],
  [422, EXIT.failed, /the server's words/],
];

for (const [status, code, says, body = { message: "the server's words" }] of REFUSED) {
  test(`an API server that answers ${status} (${says.source}): exit code ${code}`, async (context) => {
    const server = await startStandIn(context, () => [status, body]);
    const { result, stderr } = await restore(server);
    assert.equal(result, code);
    assert.match(stderr, says);
  });
}

test('a cluster that does not answer: exit code 4', async (context) => {
  const kubeconfig = await writeKubeconfig(context, 'http://127.0.0.1:1');
  const { result, stderr } = await restore({ kubeconfig });
  assert.equal(result, EXIT.unreachable);
  assert.match(stderr, /the cluster cannot be reached/);
});

const USAGE: readonly (readonly [name: string, args: string[], says: RegExp])[] = [
  ['no database', ['restore', '--to-time', TIME], /which database\? Name its StatefulSet/],
  ['no moment', ['restore', 'orders'], /to what moment\? Add one of --to-time, .*or --backup alone/],
  ['two destinations', ['restore', 'orders', '--latest', '--as', 'a', '--claim', 'b'], /only one of --as and --claim/],
  ['two moments', ['restore', 'orders', '--latest', '--to-xid', '7'], /only one of .*: there are 2/],
  ['a position that is none', ['restore', 'orders', '--to-lsn', '12'], /is no position in the WAL, such as/],
  ['a moment that is none', ['restore', 'orders', '--to-time', 'noon'], /--to-time "noon" is no time/],
  ['a timeout that is none', ['restore', 'orders', '--to-time', TIME, '--timeout', 'soon'], /--timeout "soon"/],
  ['a timeout of nothing', ['restore', 'orders', '--to-time', TIME, '--timeout', '0'], /--timeout "0"/],
  ['an unknown format', ['restore', 'orders', '--to-time', TIME, '-o', 'xml'], /Allowed choices are text, json/],
  ['an unknown option', ['restore', 'orders', '--to-time', TIME, '--force'], /unknown option '--force'/],
  ['an unknown command', ['destroy'], /unknown command 'destroy'/],
];

for (const [name, args, says] of USAGE) {
  test(`${name}: wrong usage, 2, and nothing on stdout`, async () => {
    const { result, stderr, stdout } = await captureOutput(() => runCli('walguard', args, '1.2.3', UNINTERRUPTED));
    assert.equal(result, EXIT.usage);
    assert.match(stderr, says);
    assert.equal(stdout, '');
  });
}

test('help has an example that can be pasted, under the name by which it was called', async () => {
  for (const [argv0, name] of [
    ['/usr/bin/walguard', 'walguard'],
    ['/usr/bin/kubectl-walguard', 'kubectl walguard'],
  ] as const) {
    const { result, stdout } = await captureOutput(() => runCli(argv0, ['restore', '--help'], '1.2.3', UNINTERRUPTED));
    assert.equal(result, EXIT.ok);
    const example = new RegExp(
      `Examples:\\n {2}${name} restore orders --to-time (\\S+) --as orders-before-the-drop`,
    ).exec(stdout);
    assert.ok(example, stdout);
    assert.ok('moment' in parseTime(example[1] ?? '', new Date('2030-01-01T00:00:00Z')));
  }
});

test('the help of the program lists its commands and exit codes; the version is printed', async () => {
  const { stdout } = await captureOutput(() => runCli('walguard', ['--help'], '1.2.3', UNINTERRUPTED));
  for (const command of ['restore', 'webhook', 'controller', 'agent'])
    assert.match(stdout, new RegExp(`^ {2}${command}\\b`, 'm'));
  assert.match(
    stdout,
    /Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 cluster not reachable, 124 timed out/,
  );
  const version = await captureOutput(() => runCli('walguard', ['--version'], '1.2.3', UNINTERRUPTED));
  assert.deepEqual([version.result, version.stdout], [EXIT.ok, '1.2.3\n']);
});

const BACKUP = 'base_000000010000000000000003';

test('each kind of target becomes the field of its name, a base backup beside it', () => {
  const read = (options: object) => readTarget(options, NOW);
  assert.deepEqual(read({ toLsn: '0/3000028' }), { target: { lsn: '0/3000028' } });
  assert.deepEqual(read({ toXid: '742', backup: BACKUP }), { target: { xid: '742', backup: BACKUP } });
  assert.deepEqual(read({ toName: 'before the drop' }), { target: { name: 'before the drop' } });
  assert.deepEqual(read({ immediate: true }), { target: { immediate: true } });
  assert.deepEqual(read({ latest: true }), { target: { latest: true } });
  assert.deepEqual(read({ backup: BACKUP }), { target: { backup: BACKUP } });
  for (const options of [
    { toXid: '0' },
    { toXid: '7; drop' },
    { toName: 'a\nb' },
    { toName: '' },
    { backup: 'LATEST' },
  ])
    assert.match(JSON.stringify(read(options)), /problem/, JSON.stringify(options));
});
