// Real pods on two real nodes, real Postgres, a real engine, a real S3 server. Each test starts from what the ones before
// it left, as an operator's day does.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ANNOTATION } from '../../src/api/names.ts';
import { buildWalguardImage, type Cluster, down, up } from '../cluster/cluster.ts';
import {
  getObject,
  helm,
  kubectl,
  type Live,
  listObjects,
  psql,
  tryKubectl,
  waitFor,
} from '../support/cluster-client.ts';
import { buildPostgres, buildSurroundings, installChart, SYSTEM_NAMESPACE } from '../support/install.ts';
import { walguard } from '../support/walguard.ts';

const NAMESPACE = 'shop';
const DATABASE = 'orders';
const POD = `${DATABASE}-0`;

let cluster: Cluster;

before(async () => {
  cluster = await up({ nodes: 2 });
  await installChart(cluster, await buildWalguardImage(cluster));
  await kubectl(cluster, ['apply', '-f', '-'], buildSurroundings({ namespace: NAMESPACE, name: DATABASE }));
  const annotations = { [ANNOTATION.policy]: 'standard' };
  await kubectl(cluster, ['apply', '-f', '-'], buildPostgres({ namespace: NAMESPACE, name: DATABASE, annotations }));
  await kubectl(cluster, ['-n', NAMESPACE, 'rollout', 'status', `statefulset/${DATABASE}`, '--timeout=180s']);
});

after(() => down());

const sql = (statement: string, pod = POD) => psql(cluster, NAMESPACE, pod, statement);
const instance = async (name = DATABASE): Promise<Live> =>
  (await getObject(cluster, NAMESPACE, 'protecteddatabase', name))?.status?.instances?.[0];
const condition = async (type: string): Promise<Live> =>
  (await getObject(cluster, NAMESPACE, 'protecteddatabase', DATABASE))?.status?.conditions?.find(
    (each: Live) => each.type === type,
  );
const pod = (name = POD): Promise<Live> => getObject(cluster, NAMESPACE, 'pod', name);

/** Closes a segment and waits until Postgres says that it is archived. */
async function archiveNow(timeoutMs = 60_000): Promise<string> {
  const segment = await sql('select txid_current(); select pg_walfile_name(pg_switch_wal());');
  const name = segment.split('\n').at(-1) ?? '';
  await waitFor(
    `${name} to be archived`,
    async () => {
      return (
        (await sql(
          `select last_archived_wal >= '${name}' or exists (select from pg_ls_archive_statusdir() where name = '${name}.done') from pg_stat_archiver`,
        )) === 't'
      );
    },
    { timeoutMs },
  );
  return name;
}

/** Files of the object store, as paths below the bucket. */
async function listStore(prefix: string): Promise<string[]> {
  const path = `/data/${prefix.replace('s3://', '')}`;
  const args = ['-n', SYSTEM_NAMESPACE, 'exec', 'deployment/walguard-object-store', '--', 'find', path, '-type', 'f'];
  const { stdout } = await tryKubectl(cluster, args);
  return stdout.trim().split('\n').filter(Boolean);
}

describe('a database with one annotation', () => {
  test('archives into a prefix of its own system identifier', async () => {
    const { clusterId, storagePrefix } = await waitFor('the sidecar to report', async () => {
      const seen = await instance();
      return seen?.archiver?.lastArchivedWal ? seen : undefined;
    });
    assert.equal(await sql('select system_identifier from pg_control_system()'), clusterId);
    assert.equal(storagePrefix, `s3://walguard/${NAMESPACE}/${DATABASE}/15/${clusterId}`);
    const name = await archiveNow();
    assert.ok((await listStore(`${storagePrefix}/wal_005`)).some((file) => file.includes(name)));
  });

  test("keeps every storage credential out of the database container's spec, environment and files", async () => {
    const { data } = await getObject(cluster, NAMESPACE, 'secret', 'walguard-storage');
    const secrets = Object.values(data as Record<string, string>).map((value) =>
      Buffer.from(value, 'base64').toString(),
    );
    const container = (await pod()).spec.containers.find(({ name }: Live) => name === 'postgres');
    assert.doesNotMatch(JSON.stringify(container), /walguard-storage|AWS_/);
    const look =
      'cat /proc/*/environ /proc/*/cmdline | tr "\\0" "\\n"; ls /walguard /walguard-storage 2>&1; cat /walguard/bin/*-wal';
    const seen = await kubectl(cluster, ['-n', NAMESPACE, 'exec', POD, '-c', 'postgres', '--', 'bash', '-c', look]);
    for (const secret of secrets)
      assert.ok(!seen.includes(secret), 'a storage credential is visible in the database container');
    assert.doesNotMatch(seen, /AWS_/);
    const logs = await kubectl(cluster, ['-n', NAMESPACE, 'logs', POD, '--all-containers']);
    for (const secret of secrets) assert.ok(!logs.includes(secret), 'a storage credential is in a log');
  });

  test('the sidecar passes Pod Security restricted as it runs: no root, no privileges, read-only root', async () => {
    const args = [
      '-n',
      NAMESPACE,
      'exec',
      POD,
      '-c',
      'walguard',
      '--',
      'sh',
      '-c',
      'id -u; touch /x 2>&1; grep -E "CapEff|NoNewPrivs" /proc/1/status',
    ];
    const seen = await kubectl(cluster, args);
    assert.match(seen, /^999\n/);
    assert.match(seen, /Read-only file system/);
    assert.match(seen, /CapEff:\s+0000000000000000/);
    assert.match(seen, /NoNewPrivs:\s+1/);
  });
});

describe('the base backup', () => {
  test("ran once by itself, on the database's node", async () => {
    const { lastSuccessfulBackup, node } = await waitFor('the first base backup', async () => {
      const seen = await instance();
      return seen?.lastSuccessfulBackup ? seen : undefined;
    });
    assert.equal(lastSuccessfulBackup.node, node);
    const pods = await listObjects(cluster, NAMESPACE, 'pod', 'walguard.dev/companion=base-backup');
    assert.deepEqual(
      pods.map(({ spec }) => spec.nodeName),
      [node],
    );
    assert.equal((await condition('LastBackupSucceeded')).status, 'True');
  });

  test('runs there from the CronJob too, as often as it is started', async () => {
    const before = (await instance()).lastSuccessfulBackup.name;
    await archiveNow();
    await kubectl(cluster, ['-n', NAMESPACE, 'create', 'job', 'by-hand', `--from=cronjob/${POD}-base-backup`]);
    await kubectl(cluster, ['-n', NAMESPACE, 'wait', 'job/by-hand', '--for=condition=Complete', '--timeout=120s']);
    const [ran] = await listObjects(cluster, NAMESPACE, 'pod', 'job-name=by-hand');
    assert.equal(ran.spec.nodeName, (await pod()).spec.nodeName);
    assert.notEqual(JSON.parse(ran.status.containerStatuses[0].state.terminated.message).backup.name, before);
  });

  test('could not have run elsewhere: the other node takes pods, but not with this claim', async () => {
    const home = (await pod()).spec.nodeName;
    const other = cluster.nodes.find((node) => node !== home);
    const claim = await getObject(cluster, NAMESPACE, 'pvc', `data-${POD}`);
    assert.deepEqual(claim.spec.accessModes, ['ReadWriteOnce']);
    const cronJob = await getObject(cluster, NAMESPACE, 'cronjob', `${POD}-base-backup`);
    const { spec } = cronJob.spec.jobTemplate.spec.template;
    const required = spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution;
    assert.equal(required[0].labelSelector.matchLabels['statefulset.kubernetes.io/pod-name'], POD);
    const there = { 'kubernetes.io/hostname': other };
    const make = (name: string, changes: object) =>
      kubectl(
        cluster,
        ['create', '-f', '-'],
        JSON.stringify({
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name, namespace: NAMESPACE },
          spec: { ...spec, ...changes },
        }),
      );

    // The same pod without the claim and the affinity runs on the other node, so that node is schedulable ...
    const withoutClaim = {
      volumes: [],
      containers: [{ ...spec.containers[0], args: ['--version'], volumeMounts: [] }],
    };
    await make('elsewhere-free', { nodeSelector: there, affinity: {}, ...withoutClaim });
    await waitFor('a pod on the other node', async () => (await pod('elsewhere-free')).status.phase === 'Succeeded');
    assert.equal((await pod('elsewhere-free')).spec.nodeName, other);

    // ... and with either of them it finds no node.
    await make('elsewhere-affinity', { nodeSelector: there });
    await make('elsewhere-claim', { nodeSelector: there, affinity: {} });
    const unschedulable = async (name: string) => {
      const found = (await pod(name)).status.conditions?.find(
        ({ type, status }: Live) => type === 'PodScheduled' && status === 'False',
      );
      return found?.message as string | undefined;
    };
    assert.match(await waitFor('the scheduler', () => unschedulable('elsewhere-affinity')), /0\/2 nodes are available/);
    assert.match(
      await waitFor('the scheduler', () => unschedulable('elsewhere-claim')),
      /didn't match PersistentVolume's node affinity/,
    );
    await kubectl(cluster, [
      '-n',
      NAMESPACE,
      'delete',
      'pod',
      'elsewhere-free',
      'elsewhere-affinity',
      'elsewhere-claim',
      '--now',
    ]);
  });
});

describe("walguard's own troubles", () => {
  test("killing the webhook's pods disturbs neither the running database nor its archiving", async () => {
    const before = await pod();
    await kubectl(cluster, [
      '-n',
      SYSTEM_NAMESPACE,
      'delete',
      'pod',
      '-l',
      'app.kubernetes.io/component=webhook',
      '--now',
      '--wait=false',
    ]);
    await archiveNow();
    const now = await pod();
    assert.equal(now.metadata.uid, before.metadata.uid);
    assert.deepEqual(restarts(now), restarts(before));
    await kubectl(cluster, [
      '-n',
      SYSTEM_NAMESPACE,
      'rollout',
      'status',
      'deployment/walguard-webhook',
      '--timeout=120s',
    ]);
  });

  test('a database pod that starts while the webhook and the controller are away still archives', async () => {
    for (const name of ['webhook', 'controller']) {
      await kubectl(cluster, ['-n', SYSTEM_NAMESPACE, 'scale', `deployment/walguard-${name}`, '--replicas=0']);
    }
    await sql('create table kept (id int); insert into kept values (1)');
    const { uid } = (await pod()).metadata;
    await kubectl(cluster, ['-n', NAMESPACE, 'delete', 'pod', POD]);
    await waitFor('the new pod', async () => {
      const now = await pod();
      return (
        now?.metadata.uid !== uid &&
        now?.status.conditions?.some(({ type, status }: Live) => type === 'Ready' && status === 'True')
      );
    });
    assert.equal(await sql('select count(*) from kept'), '1');
    await archiveNow();
    await kubectl(cluster, ['-n', SYSTEM_NAMESPACE, 'scale', 'deployment/walguard-webhook', '--replicas=2']);
    await kubectl(cluster, ['-n', SYSTEM_NAMESPACE, 'scale', 'deployment/walguard-controller', '--replicas=1']);
    await kubectl(cluster, [
      '-n',
      SYSTEM_NAMESPACE,
      'rollout',
      'status',
      'deployment/walguard-webhook',
      '--timeout=120s',
    ]);
  });

  test('a killed daemon comes back, and what waited is archived', async () => {
    await kubectl(cluster, ['-n', NAMESPACE, 'exec', POD, '-c', 'walguard', '--', 'sh', '-c', killDaemon]);
    await archiveNow();
    assert.equal(restarts(await pod()).walguard, 0);
  });

  test('with the object store down the database goes on, the condition says so, and nothing is lost when it is back', async () => {
    await scaleStore(0);
    await sql('insert into kept values (2); select txid_current(); select pg_switch_wal()');
    await waitFor('the condition to turn', async () => (await condition('ContinuousArchiving')).status === 'False');
    const { reason, message } = await condition('ContinuousArchiving');
    assert.equal(reason, 'ContinuousArchivingFailing');
    assert.match(
      message,
      /^orders-0: \S+ could not be archived, last tried at \S+: .*(ERROR|WARN).*walguard-object-store/,
    );
    assert.equal(await sql('select count(*) from kept'), '2');
    await scaleStore(1);
    await archiveNow(180_000);
    await waitFor('the condition to turn back', async () => (await condition('ContinuousArchiving')).status === 'True');
  });
});

describe('a restore', () => {
  let target: string;
  const restore = (...args: string[]) =>
    walguard(cluster, 'restore', DATABASE, '-n', NAMESPACE, '--timeout', '240', ...args);

  test('to before the first base backup is refused, and what there is is said', async () => {
    const { code, stderr } = await restore('--to-time', '2026-01-01T00:00:00Z', '--as', 'too-early');
    assert.equal(code, 1);
    assert.match(stderr, /restore-target-early: .* before its first base backup was finished. It can be restored to/);
    assert.equal(await getObject(cluster, NAMESPACE, 'statefulset', 'too-early'), undefined);
  });

  test('over a database that exists is refused', async () => {
    const { code, stderr } = await restore('--to-time', new Date().toISOString(), '--as', DATABASE);
    assert.equal(code, 1);
    assert.match(stderr, /restore-destination-taken: .* "orders", which exists already. Name another one/);
  });

  test("brings back what was there at that moment, and archives into its own prefix, never into its source's", async () => {
    const source = await instance();
    await sql('insert into kept values (3)');
    target = new Date(`${await sql("select clock_timestamp() at time zone 'utc'")}Z`).toISOString();
    await sql('insert into kept values (4)');
    await archiveNow();
    const { code, stderr } = await restore('--to-time', target, '--as', 'orders-back');
    assert.equal(code, 0, stderr);
    assert.equal(await sql("select string_agg(id::text, ',' order by id) from kept", 'orders-back-0'), '1,2,3');
    assert.equal(await sql("select string_agg(id::text, ',' order by id) from kept"), '1,2,3,4');

    const restored = await waitFor('the restored database to be backed up', async () => {
      const seen = await instance('orders-back');
      return seen?.lastSuccessfulBackup ? seen : undefined;
    });
    assert.match(restored.clusterId, new RegExp(`^${source.clusterId}-r\\d{14}$`), 'an incarnation of its own');
    assert.notEqual(restored.storagePrefix, source.storagePrefix);
    assert.deepEqual(
      (await listStore(`${source.storagePrefix}/wal_005`)).filter((file) => file.includes('/00000002')),
      [],
    );
    assert.ok((await listStore(`${restored.storagePrefix}/wal_005`)).some((file) => file.includes('/00000002')));
  });

  test("sends none of the source's clients to the restored database", async () => {
    const { spec } = await getObject(cluster, NAMESPACE, 'service', DATABASE);
    const selector = Object.entries(spec.selector)
      .map(([key, value]) => `${key}=${value}`)
      .join(',');
    const names = (await listObjects(cluster, NAMESPACE, 'pod', selector)).map(({ metadata }) => metadata.name);
    assert.deepEqual(names, [POD]);
  });

  test('takes only a missing segment for the end of the archive: with the store away the restore command stops Postgres', async () => {
    const { storagePrefix } = await instance();
    const run = (container: string, script: string) =>
      kubectl(cluster, ['-n', NAMESPACE, 'exec', 'orders-back-0', '-c', container, '--', 'sh', '-c', script]);
    await run('walguard', startRecoveryDaemon(storagePrefix));
    const fetch = async (segment: string) =>
      (await run('postgres', `/walguard/bin/restore-wal ${segment} pg_wal/FETCHED >/dev/null 2>&1; echo $?`)).trim();
    const [there = ''] = (await listStore(`${storagePrefix}/wal_005`))
      .map((file) => /([0-9A-F]{24})\.lz4$/.exec(file)?.[1])
      .filter(Boolean);
    assert.equal(await fetch(there), '0');
    assert.equal(await fetch('000000090000000000000001'), '1');
    assert.equal(await fetch('00000009.history'), '1');
    await scaleStore(0);
    assert.equal(await fetch('000000090000000000000001'), '255');
    await scaleStore(1);
    await waitFor('the store', async () => (await fetch('000000090000000000000001')) === '1');
  });

  test('works while its source is scaled to zero', async () => {
    await kubectl(cluster, ['-n', NAMESPACE, 'scale', 'statefulset', DATABASE, '--replicas=0']);
    await waitFor('the pod to go', async () => (await pod()) === undefined);
    await waitFor('the schedule to be suspended', async () => {
      return (await getObject(cluster, NAMESPACE, 'cronjob', `${POD}-base-backup`)).spec.suspend === true;
    });
    const { code, stderr } = await restore('--to-time', target, '--as', 'orders-from-zero');
    assert.equal(code, 0, stderr);
    assert.equal(await sql("select string_agg(id::text, ',' order by id) from kept", 'orders-from-zero-0'), '1,2,3');
    await kubectl(cluster, ['-n', NAMESPACE, 'scale', 'statefulset', DATABASE, '--replicas=1']);
    await kubectl(cluster, ['-n', NAMESPACE, 'rollout', 'status', `statefulset/${DATABASE}`, '--timeout=120s']);
  });

  test('under the name of an earlier one archives beside its backups, not among them', async () => {
    await kubectl(cluster, ['-n', NAMESPACE, 'delete', 'statefulset', 'orders-back', '--cascade=foreground']);
    await kubectl(cluster, ['-n', NAMESPACE, 'delete', 'restore', 'orders-back']);
    await kubectl(cluster, ['-n', NAMESPACE, 'delete', 'pvc', 'data-orders-back-0']);
    await waitFor('the status of the deleted one to say so', async () => {
      const gone = await getObject(cluster, NAMESPACE, 'protecteddatabase', 'orders-back');
      return gone.status.conditions.every(({ status }: Live) => status === 'False');
    });
    const prefixOf = async () =>
      (await getObject(cluster, NAMESPACE, 'protecteddatabase', 'orders-back')).status.instances[0].storagePrefix;
    const before = await prefixOf();
    const { code, stderr } = await restore('--to-time', new Date().toISOString(), '--as', 'orders-back');
    assert.equal(code, 0, stderr);
    await waitFor('the new one to archive elsewhere', async () => (await prefixOf()) !== before);
    assert.match(await prefixOf(), /-r\d{14}$/);
  });
});

describe('an uninstall', () => {
  test('leaves the database archiving', async () => {
    const before = await pod();
    await helm(cluster, ['uninstall', 'walguard', '-n', SYSTEM_NAMESPACE, '--wait']);
    await archiveNow();
    assert.deepEqual(restarts(await pod()), restarts(before));
    const { code } = await tryKubectl(cluster, [
      'get',
      'mutatingwebhookconfiguration,validatingwebhookconfiguration',
      'walguard',
    ]);
    assert.equal(code, 1);
  });
});

async function scaleStore(replicas: 0 | 1): Promise<void> {
  const pods = ['pod', '-l', 'app.kubernetes.io/component=object-store'];
  await kubectl(cluster, [
    '-n',
    SYSTEM_NAMESPACE,
    'scale',
    'deployment/walguard-object-store',
    `--replicas=${replicas}`,
  ]);
  const until = replicas === 0 ? '--for=delete' : '--for=condition=Ready';
  await waitFor('the object store', async () => {
    const { code } = await tryKubectl(cluster, ['-n', SYSTEM_NAMESPACE, 'wait', ...pods, until, '--timeout=60s']);
    return code === 0;
  });
}

/** The same daemon that serves a recovery, started by hand after the recovery is over. */
function startRecoveryDaemon(prefix: string): string {
  const credentials = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'].map(
    (key) => `${key}=$(cat /walguard-storage/${key})`,
  );
  return `rm -f /walguard/recovery.sock; export WALG_S3_PREFIX=${prefix} ${credentials.join(' ')}
    setsid /usr/local/bin/walrus daemon --socket /walguard/recovery.sock >/dev/null 2>&1 &
    while [ ! -S /walguard/recovery.sock ]; do sleep 0.1; done`;
}

/** Ends the engine's daemon, found by its program: the image has no pkill. */
const killDaemon = `for p in /proc/[0-9]*; do
  case $(readlink $p/exe) in */walrus | */wal-g) kill -9 \${p#/proc/} ;; esac
done`;

function restarts({ status }: Live): Record<string, number> {
  const all = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])];
  return Object.fromEntries(all.map(({ name, restartCount }: Live) => [name, restartCount]));
}
