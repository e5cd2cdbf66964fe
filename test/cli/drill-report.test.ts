import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { EvidenceRecord, SignedEvidence } from '../../src/api/evidence.ts';
import { EXIT } from '../../src/api/names.ts';
import { parseSince } from '../../src/cli/drill-report.ts';
import { findPod } from '../../src/cli/evidence-cluster.ts';
import { signRecord } from '../../src/tools/evidence.ts';
import { buildChain, buildRecord, keyOf, publicPem } from '../support/evidence.ts';
import { CHANNEL, startExecServer } from '../support/websocket-server.ts';
import { drill, storeRecords, writeTo } from './drill-evidence.ts';

const at = (day: string) => ({ finishedAt: `2026-11-${day}T02:13:42.000Z` });
const CHAIN = buildChain([at('01'), at('10'), at('20')]);

function idsIn(stdout: string): string[] {
  const { records } = JSON.parse(stdout) as { records: SignedEvidence[] };
  return records.map(({ record }) => (JSON.parse(record) as EvidenceRecord).finishedAt.slice(8, 10));
}

const CUTS: readonly (readonly [args: readonly string[], days: readonly string[]])[] = [
  [[], ['01', '10', '20']],
  [
    ['--last', '2'],
    ['10', '20'],
  ],
  [
    ['--last', '99'],
    ['01', '10', '20'],
  ],
  [
    ['--since', '2026-11-10'],
    ['10', '20'],
  ],
  [
    ['--since', '2026-11-10T03:00:00+01:00'],
    ['10', '20'],
  ],
  [['--since', '2026-11-05', '--last', '1'], ['20']],
  [['orders'], ['01', '10', '20']],
  [
    ['orders', '-n', 'shop'],
    ['01', '10', '20'],
  ],
];

for (const [args, days] of CUTS) {
  test(`report ${args.join(' ')}`.trim(), async (context) => {
    const { folder } = await storeRecords(context, CHAIN);
    const { result, stdout } = await drill('report', ...args, '--records', folder, '-o', 'json');
    assert.equal(result, EXIT.ok);
    assert.deepEqual(idsIn(stdout), days);
  });
}

for (const args of [['carts'], ['orders', '-n', 'other'], ['--since', '2026-11-21']]) {
  test(`nothing is found: report ${args.join(' ')}`, async (context) => {
    const { folder } = await storeRecords(context, CHAIN);
    const { result, stdout, stderr } = await drill('report', ...args, '--records', folder, '-o', 'html');
    assert.equal(result, EXIT.notFound);
    assert.equal(stdout, '');
    assert.match(stderr, /no record .* among the 3 that were read/);
  });
}

test('the text is a line for each record, and what is wrong below it', async (context) => {
  const { folder } = await storeRecords(context, [CHAIN[0], CHAIN[2]] as SignedEvidence[]);
  const { result, stdout } = await drill('report', '--records', folder);
  assert.equal(result, EXIT.failed, 'a chain with a gap is not good');
  assert.match(stdout, /^shop\/orders: 2 records, NOT WHOLE/);
  assert.match(stdout, /a record after 20261121T00\S+ is missing/);
  assert.match(stdout, /2026-11-20 02:13:42 UTC +drill weekly +passed +2m 27s of 15m +11\.5 s of 5m/);
});

test('a gap before the records that are shown is told, too', async (context) => {
  const chain = buildChain([at('01'), at('10'), at('20'), at('21')]);
  const { folder } = await storeRecords(context, [chain[0], chain[2], chain[3]] as SignedEvidence[]);
  for (const output of ['text', 'json']) {
    const { result, stderr } = await drill('report', '--records', folder, '--last', '1', '-o', output);
    assert.equal(result, EXIT.failed);
    assert.match(stderr, /^shop\/orders: 20261121T02\S+: what it follows is not here/m);
  }
});

test('a record that cannot be used is told and left out', async (context) => {
  const { folder } = await storeRecords(context, CHAIN);
  await writeTo(folder, 'bad.json', '{"record":"{}"}');
  const { result, stdout, stderr } = await drill('report', '--records', folder, '-o', 'json');
  assert.equal(result, EXIT.failed);
  assert.equal(idsIn(stdout).length, 3);
  assert.match(stderr, /bad\.json: its record is none: apiVersion is missing; it is left out/);
});

test('a page can be made from a page', async (context) => {
  const { folder, root } = await storeRecords(context, CHAIN);
  const { stdout } = await drill('report', '--records', folder, '-o', 'html');
  const page = await writeTo(root, 'page.html', stdout);
  const again = await drill('report', '--records', page, '-o', 'html');
  const plain = (text: string) => text.replace(/Made on \S+ \S+|"generatedAt":"[^"]*"/g, '');
  assert.equal(plain(again.stdout), plain(stdout));
});

test('since: days, times and durations', () => {
  const now = Date.parse('2026-11-21T00:00:00Z');
  assert.equal(parseSince('2026-11-01', now), Date.parse('2026-11-01T00:00:00Z'));
  assert.equal(parseSince('2026-11-01T12:00Z', now), Date.parse('2026-11-01T12:00:00Z'));
  assert.equal(parseSince('7d', now), Date.parse('2026-11-14T00:00:00Z'));
  for (const text of ['', 'yesterday', '2026-13-01', '2026-11-01T12:00', '1w', '-1d'])
    assert.throws(() => parseSince(text, now), /is neither a day .* nor a time with a zone .* nor a duration/, text);
});

for (const args of [
  [],
  ['--records', '.', '--context', 'c'],
  ['--records', '.', '-o', 'pdf'],
  ['--records', '.', '--last', '0'],
  ['--records', '.', '--since', 'x'],
]) {
  test(`wrong usage: report ${args.join(' ')}`, async () => {
    const { result, stdout } = await drill('report', ...args);
    assert.equal(result, EXIT.usage);
    assert.equal(stdout, '');
  });
}

test('its help has examples', async () => {
  const { result, stdout } = await drill('report', '--help');
  assert.equal(result, EXIT.ok);
  assert.match(stdout, /Examples:\n.*walguard drill report orders -n shop/);
  assert.match((await drill('--help')).stdout, /^ {2}report .*^ {2}verify-report /ms);
});

// From the cluster, against a stand-in for the API server.

const pod = (name: string, owner: string, isRunning: boolean) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: owner, uid: 'u' }] },
  status: { initContainerStatuses: [{ name: 'walguard', state: isRunning ? { running: {} } : { waiting: {} } }] },
});

test('the first pod with a sidecar is asked', () => {
  const pods = [
    pod('orders-10', 'orders', true),
    pod('orders-2', 'orders', true),
    pod('orders-1', 'orders', false),
    pod('carts-0', 'carts', true),
  ];
  assert.equal(findPod(pods, 'orders'), 'orders-2');
  assert.equal(findPod(pods, 'carts'), 'carts-0');
  assert.equal(findPod(pods, 'other'), undefined);
});

const PODS = [pod('orders-0', 'orders', true)];
const LINES = CHAIN.map((each) => `${JSON.stringify(each)}\n`).join('');

async function fromCluster(
  context: TestContext,
  status: object,
  stdout = '',
  stderr = '',
  pods: readonly object[] = PODS,
) {
  const server = await startExecServer(
    context,
    ({ send }) => {
      send(CHANNEL.stdout, stdout);
      send(CHANNEL.stderr, stderr);
      send(CHANNEL.status, JSON.stringify(status));
    },
    pods,
  );
  return { ...(await drill('report', 'orders', '--kubeconfig', server.kubeconfig, '-o', 'json')), asked: server.asked };
}

const CODE_1 = {
  status: 'Failure',
  reason: 'NonZeroExitCode',
  details: { causes: [{ reason: 'ExitCode', message: '1' }] },
};

test('the sidecar reads the store', async (context) => {
  const { result, stdout, asked } = await fromCluster(context, { status: 'Success' }, LINES);
  assert.equal(result, EXIT.ok);
  assert.equal(idsIn(stdout).length, 3);
  assert.match(
    asked[0] ?? '',
    /namespaces\/shop\/pods\/orders-0\/exec\?.*command=agent&command=evidence&container=walguard/,
  );
});

test('the command in the sidecar is what the image starts by itself', async (context) => {
  const { asked } = await fromCluster(context, { status: 'Success' }, LINES);
  const [, entryPoint = ''] =
    /^ENTRYPOINT (\[.*\])$/m.exec(await readFile(join(import.meta.dirname, '../../Dockerfile'), 'utf8')) ?? [];
  const command = new URL(asked[0] ?? '', 'http://x').searchParams.getAll('command');
  assert.deepEqual(command, [...JSON.parse(entryPoint), 'agent', 'evidence']);
});

test('what the sidecar could not read is told, and the rest is printed', async (context) => {
  const { result, stdout, stderr } = await fromCluster(
    context,
    CODE_1,
    LINES,
    'walguard: x.json: no evidence\u001b[2J\n',
  );
  assert.equal(result, EXIT.failed);
  assert.equal(idsIn(stdout).length, 3);
  assert.match(stderr, /orders-0: walguard: x\.json: no evidence\\u\{1b\}/);
});

test('why there is nothing is told, with what to do', async (context) => {
  const none = await fromCluster(context, { status: 'Success' });
  assert.deepEqual([none.result, none.stdout], [EXIT.notFound, '']);
  assert.match(none.stderr, /there is no evidence of shop\/orders in the store/);
  const failed = await fromCluster(context, CODE_1, '', 'walguard: no storage credentials\n');
  assert.equal(failed.result, EXIT.failed);
  assert.match(failed.stderr, /no storage credentials\n.*ended with code 1\. Copy .*--records/);
  const asleep = await fromCluster(context, {}, '', '', []);
  assert.equal(asleep.result, EXIT.notFound);
  assert.match(asleep.stderr, /StatefulSet shop\/orders has no pods.*Copy <policy prefix>/);
  const starting = await fromCluster(context, {}, '', '', [pod('orders-0', 'orders', false)]);
  assert.match(starting.stderr, /has 1 pod, none with walguard's sidecar running/);
});

test('who may not exec is told which right it is', async (context) => {
  const server = await startExecServer(context, 403, PODS);
  const { result, stderr } = await drill('report', 'orders', '--kubeconfig', server.kubeconfig);
  assert.equal(result, EXIT.unreachable);
  assert.match(stderr, /creating pods\/exec in "shop" must be allowed to you/);
});

test('records of a failed drill keep what they say', async (context) => {
  const { folder } = await storeRecords(
    context,
    buildChain([{ ...buildRecord(), outcome: 'failed', message: 'rows are missing' }]),
  );
  const { result, stdout } = await drill('report', '--records', folder);
  assert.equal(result, EXIT.ok, 'the report is good, whatever it tells');
  assert.match(stdout, /failed.*\n {2}rows are missing/);
});

test('records of two keys, as drills in two namespaces leave them, are a flaw until both are named', async (context) => {
  const [first, second] = CHAIN.slice(0, 2) as [SignedEvidence, SignedEvidence];
  const { folder } = await storeRecords(context, [first, signRecord(second.record, keyOf('another namespace'))]);
  const files = await Promise.all(
    ['the test', 'another namespace'].map((words, at) => writeTo(folder, `${at}.pem`, publicPem(keyOf(words)))),
  );
  const keys = files.flatMap((file) => ['--public-key', file]);
  const report = (...args: string[]) => drill('report', '--records', folder, ...args);
  const alone = await report();
  assert.equal(alone.result, EXIT.failed);
  assert.match(alone.stdout, /signed by 2 keys, none of which was named as one to trust/);
  const half = await report(...keys.slice(0, 2));
  assert.equal(half.result, EXIT.failed);
  assert.match(half.stdout, /signed by a key that is none of those trusted/);
  const both = await report(...keys);
  assert.equal(both.result, EXIT.ok, both.stdout);
  assert.match(both.stdout, /2 records, chain whole/);
  const page = await writeTo(folder, 'page.html', (await report(...keys, '-o', 'html')).stdout);
  assert.match((await drill('verify-report', ...keys, page)).stdout, /ok .*the page says what its records say/);
});
