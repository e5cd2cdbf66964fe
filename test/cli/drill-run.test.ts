import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { EXIT } from '../../src/api/names.ts';
import { runCli } from '../../src/cli/cli.ts';
import { buildJob, chooseDrill, type DrillCronJob } from '../../src/cli/drill-run.ts';
import { type StandIn, startStandIn, writeKubeconfig } from '../support/api-server.ts';
import { captureOutput } from '../support/output.ts';

function cronJob(drill: string, instance = 'orders-0', suspend = false): DrillCronJob {
  const labels = { 'walguard.dev/drill': drill, 'walguard.dev/instance': instance, 'walguard.dev/companion': 'drill' };
  const env = [
    { name: 'WALGUARD_DELAY_SECONDS', value: '40' },
    { name: 'WALGUARD_DRILL', value: '{}' },
  ];
  const spec = { template: { metadata: { labels }, spec: { containers: [{ name: 'drill', env }] } } };
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: `${instance}-drill-${drill}`, namespace: 'shop', uid: 'u1', labels },
    spec: { suspend, jobTemplate: { metadata: { labels }, spec } },
  } as DrillCronJob;
}

test('the only drill, the named one, the one of the primary', () => {
  const weekly = cronJob('weekly');
  const standby = cronJob('weekly', 'orders-1', true);
  assert.equal(chooseDrill([weekly], {}), weekly);
  assert.equal(chooseDrill([weekly, cronJob('monthly')], { drill: 'weekly' }), weekly);
  assert.equal(chooseDrill([weekly, standby], {}), weekly);
  assert.equal(chooseDrill([weekly, standby], { instance: 'orders-1' }), standby);
});

test('which one it is must be told: there are several, or none of that name', () => {
  const both = [cronJob('weekly'), cronJob('monthly')];
  for (const options of [{}, { drill: 'daily' }])
    assert.throws(
      () => chooseDrill(both, options),
      /which drill\? .* there are: monthly of orders-0, weekly of orders-0/,
    );
});

test('the Job is that of the CronJob, at once, with who asked and the CronJob as its owner', () => {
  const job = buildJob(cronJob('weekly'), 'ann$a', new Date('2026-11-21T20:15:33Z'));
  assert.equal(job.metadata.name, 'orders-0-drill-weekly-20261121-201533');
  assert.deepEqual(job.metadata.ownerReferences, [
    { apiVersion: 'batch/v1', kind: 'CronJob', name: 'orders-0-drill-weekly', uid: 'u1', controller: true },
  ]);
  const { template } = job.spec as { template: { spec: { containers: { env: object[] }[] } } };
  assert.deepEqual(template.spec.containers[0]?.env, [
    { name: 'WALGUARD_DRILL', value: '{}' },
    { name: 'WALGUARD_REQUESTED_BY', value: 'ann$$a' },
  ]);
});

const UNINTERRUPTED = new AbortController().signal;
const drill = {
  name: 'weekly',
  finishedAt: '2026-11-21T20:16:00Z',
  result: 'passed',
  message: 'all is well',
  evidence: 'e1',
};

/** @param message the last line of the drill's container, in its pod; undefined while it runs */
function cluster(context: TestContext, message: string | undefined, found = [cronJob('weekly')]): Promise<StandIn> {
  const terminated = message === undefined ? {} : { terminated: { exitCode: 0, message } };
  return clusterOf(context, { phase: 'Running', containerStatuses: [{ name: 'drill', state: terminated }] }, found);
}

function clusterOf(context: TestContext, status: object, found = [cronJob('weekly')]): Promise<StandIn> {
  return startStandIn(context, ({ method, path, body }) => {
    if (path.includes('selfsubjectreviews')) return [201, { status: { userInfo: { username: 'ann' } } }];
    if (method === 'POST') return [201, body];
    return [
      200,
      path.includes('cronjobs')
        ? { items: found }
        : path.includes('pods')
          ? { items: [{ metadata: { creationTimestamp: '2026-11-21T20:15:33Z' }, status }] }
          : {},
    ];
  });
}

function run({ kubeconfig }: Pick<StandIn, 'kubeconfig'>, args: string[] = [], signal = UNINTERRUPTED) {
  return captureOutput(() =>
    runCli('walguard', ['drill', 'run', 'orders', '--kubeconfig', kubeconfig, ...args], '1', signal),
  );
}

test('it makes the Job, follows it, and says what was shown', async (context) => {
  const server = await cluster(context, JSON.stringify({ ok: true, drill, clusterId: '1' }));
  const { result, stderr, stdout } = await run(server);
  assert.equal(result, EXIT.ok);
  assert.match(stderr, /^drill shop\/orders-0-drill-weekly-\S+ begins\n.*passed: all is well\n.*evidence e1\n$/s);
  assert.equal(stdout, '');
  const made = server.asked.find(({ method, path }) => method === 'POST' && path.endsWith('/jobs'));
  assert.match(JSON.stringify(made?.body), /"WALGUARD_REQUESTED_BY","value":"ann"/);
});

const ENDS: readonly (readonly [string, string, RegExp])[] = [
  [
    'failed',
    JSON.stringify({ ok: false, drill: { ...drill, result: 'failed', message: 'a row is gone' } }),
    /failed: a row is gone/,
  ],
  [
    'could not run',
    JSON.stringify({ ok: false, message: 'no credentials' }),
    /unknown: the drill could not run: no credentials/,
  ],
  ['left no report', 'Killed', /unknown: .* it left no report/],
];

for (const [title, message, says] of ENDS) {
  test(`a drill that ${title}: exit code 1`, async (context) => {
    const { result, stderr } = await run(await cluster(context, message));
    assert.equal(result, EXIT.failed);
    assert.match(stderr, says);
  });
}

test('while its pod cannot start it says why', async (context) => {
  const waiting = { reason: 'ImagePullBackOff', message: 'Back-off pulling image "postgres:gone"' };
  const status = { phase: 'Pending', containerStatuses: [{ name: 'postgres', state: { waiting } }] };
  const { stderr } = await run(await clusterOf(context, status), ['--timeout', '0.1']);
  assert.match(
    stderr,
    /0 s {2}container postgres does not start: ImagePullBackOff: Back-off pulling image "postgres:gone"\n/,
  );
});

test('-o json: its report, and nothing else, on stdout', async (context) => {
  const report = { ok: true, drill, clusterId: '1' };
  const { stdout } = await run(await cluster(context, JSON.stringify(report)), ['-o', 'json']);
  assert.deepEqual(JSON.parse(stdout), report);
});

test('not finished in time: 124; interrupted: 130; it goes on, and how to see it', async (context) => {
  const server = await cluster(context, undefined);
  const late = await run(server, ['--timeout', '0.1']);
  assert.equal(late.result, EXIT.timeout);
  assert.match(
    late.stderr,
    /not finished after 0\.1 s; it goes on, see it with: kubectl -n shop logs -f job\/orders-0-drill-weekly-/,
  );
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 100);
  assert.equal((await run(server, [], stop.signal)).result, EXIT.interrupted);
});

test('a drill that runs elsewhere is found there, and no namesake of it', async (context) => {
  const there = cronJob('monthly');
  there.metadata = { ...there.metadata, namespace: 'dr' };
  const server = await startStandIn(context, ({ method, path, body }) => {
    if (method === 'POST') return [201, body];
    if (path.includes('protecteddatabases')) return [200, { status: { drillNamespaces: ['dr'] } }];
    return [200, path.includes('namespaces/dr/cronjobs') ? { items: [there] } : { items: [] }];
  });
  const { result, stderr } = await run(server, ['-n', 'shop', '--no-wait']);
  assert.equal(result, EXIT.ok, stderr);
  assert.match(stderr, /^drill dr\/orders-0-drill-monthly-/);
  const asked = server.asked.map(({ path }) => decodeURIComponent(path)).filter((path) => path.includes('cronjobs'));
  assert.match(asked.join(), /shop\/cronjobs\?.*database=orders,!walguard\.dev\/database-namespace/);
  assert.match(asked.join(), /dr\/cronjobs\?.*database=orders,walguard\.dev\/database-namespace=shop/);
});

test('a drill that may not be made: 3, with what is missing', async (context) => {
  const message = 'orders-0: drill monthly is not made: there is no namespace "dr"';
  const conditions = [{ type: 'LastDrillSucceeded', reason: 'DrillNotAllowed', message }];
  const server = await startStandIn(context, ({ path }) => [
    200,
    path.includes('protecteddatabases') ? { status: { conditions, drillNamespaces: ['dr'] } } : { items: [] },
  ]);
  const { result, stderr } = await run(server);
  assert.deepEqual([result, stderr], [EXIT.notFound, `${message}\n`]);
});

test('who may not read ProtectedDatabases still runs the drills beside the database', async (context) => {
  const server = await startStandIn(context, ({ method, path, body }) => {
    if (path.includes('protecteddatabases')) return [403, { kind: 'Status', message: 'no' }];
    return method === 'POST' ? [201, body] : [200, { items: [cronJob('weekly')] }];
  });
  assert.equal((await run(server, ['--no-wait'])).result, EXIT.ok);
});

test('no drills: 3; several and none named: 2; no cluster: 4', async (context) => {
  assert.equal((await run(await cluster(context, undefined, []))).result, EXIT.notFound);
  const several = await run(await cluster(context, undefined, [cronJob('weekly'), cronJob('monthly')]));
  assert.equal(several.result, EXIT.usage);
  assert.match(several.stderr, /which drill\?/);
  assert.equal(
    (await run({ kubeconfig: await writeKubeconfig(context, 'http://127.0.0.1:1') })).result,
    EXIT.unreachable,
  );
});
