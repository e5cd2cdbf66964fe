// The stage of the backup-life tests: one database under a policy whose schedules do not come round by themselves, and days that
// are made by telling the store that what it holds is older.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { ANNOTATION, API_VERSION } from '../../src/api/names.ts';
import { buildWalguardImage, type Cluster, loadTestImages, type TestImage, up } from '../cluster/cluster.ts';
import {
  type CommandResult,
  getObject,
  kubectl,
  type Live,
  listObjects,
  psql,
  tryKubectl,
  waitFor,
} from '../support/cluster-client.ts';
import { buildPostgres, buildSurroundings, installChart, SYSTEM_NAMESPACE } from '../support/install.ts';
import { walguard } from '../support/walguard.ts';

export const NAMESPACE = 'life';
const DAY_MS = 86_400_000;

/** A schedule that comes round once a day, and just did. */
function notSoon(now = new Date(Date.now() - 3_600_000)): string {
  return `${now.getUTCMinutes()} ${now.getUTCHours()} * * *`;
}

export interface Life {
  readonly cluster: Cluster;
  readonly apply: (object: object) => Promise<unknown>;
  /** A database more, until its first base backup is there. */
  readonly add: (database: string, policy: string, image?: TestImage) => Promise<void>;
  readonly sql: (database: string, statement: string) => Promise<string>;
  /** The database's ProtectedDatabase status. */
  readonly status: (database: string) => Promise<Live>;
  readonly condition: (database: string, type: string) => Promise<Live>;
  /** Of the controller's /metrics: the value of the series whose name and labels match. */
  readonly metric: (series: RegExp) => Promise<number | undefined>;
  /** Runs a companion's CronJob now, to its end. */
  readonly runNow: (pod: string, companion: string, name: string) => Promise<Live>;
  readonly archiveNow: (database: string, timeoutMs?: number) => Promise<string>;
  readonly restore: (database: string, as: string, time: string) => Promise<CommandResult>;
  /** Runs a script of Node in the object store's pod, beside its files. */
  readonly inStore: (script: string) => Promise<string>;
  readonly scaleStore: (replicas: 0 | 1) => Promise<void>;
}

export async function raise(...databases: readonly string[]): Promise<Life> {
  const cluster = await up({ nodes: 2 });
  await installChart(cluster, await buildWalguardImage(cluster));
  const { spec } = await getObject(cluster, 'default', 'backuppolicy', 'standard');
  const policy = {
    apiVersion: API_VERSION,
    kind: 'BackupPolicy',
    metadata: { name: 'life' },
    spec: {
      storage: spec.storage,
      archive: { timeout: '60s' },
      baseBackup: { schedule: notSoon(), deltaSteps: 2 },
      retention: { recoveryWindow: '2d', keepDaily: 3, keepWeekly: 2, minFullBackups: 2, schedule: notSoon() },
      verify: { schedule: '* * * * *' },
    },
  };
  const life = start(cluster);
  await life.apply(policy);
  await Promise.all(databases.map((name) => life.add(name, 'life')));
  return life;
}

function start(cluster: Cluster): Life {
  const own = ['-n', NAMESPACE];
  const sql = (database: string, statement: string) => psql(cluster, NAMESPACE, `${database}-0`, statement);
  const status = async (database: string) =>
    (await getObject(cluster, NAMESPACE, 'protecteddatabase', database))?.status;
  return {
    cluster,
    apply: (object) => kubectl(cluster, ['apply', '-f', '-'], JSON.stringify(object)),
    add: async (name, policy, image = 'docker.io/library/postgres:15') => {
      await loadTestImages(cluster, [image]);
      await kubectl(cluster, ['apply', '-f', '-'], buildSurroundings({ namespace: NAMESPACE, name }));
      const annotations = { [ANNOTATION.policy]: policy };
      const manifest = buildPostgres({ namespace: NAMESPACE, name, annotations });
      await kubectl(cluster, ['apply', '-f', '-'], manifest.replace('docker.io/library/postgres:15', image));
      await waitFor(`the first base backup of ${name}`, async () => (await status(name))?.lastSuccessfulBackup, {
        timeoutMs: 180_000,
      });
    },
    sql,
    status,
    condition: async (database, type) => (await status(database))?.conditions?.find((each: Live) => each.type === type),
    metric: (series) => readMetric(cluster, series),
    runNow: async (pod, companion, name) => {
      await kubectl(cluster, [...own, 'create', 'job', name, `--from=cronjob/${pod}-${companion}`]);
      return waitFor(`job ${name} to end`, async () => {
        const [ran] = await listObjects(cluster, NAMESPACE, 'pod', `job-name=${name}`);
        const ended = ran?.status.containerStatuses?.[0]?.state?.terminated;
        return ended && { ...JSON.parse(ended.message || '{}'), exitCode: ended.exitCode };
      });
    },
    archiveNow: async (database, timeoutMs = 60_000) => {
      const said = await sql(database, 'select txid_current(); select pg_walfile_name(pg_switch_wal());');
      const name = said.split('\n').at(-1) ?? '';
      const isArchived = `select last_archived_wal >= '${name}' or exists (select from pg_ls_archive_statusdir() where name = '${name}.done') from pg_stat_archiver`;
      await waitFor(`${name} to be archived`, async () => (await sql(database, isArchived)) === 't', { timeoutMs });
      return name;
    },
    restore: (database, as, time) =>
      walguard(cluster, 'restore', database, ...own, '--timeout', '300', '--to-time', time, '--as', as),
    inStore: (script) =>
      kubectl(cluster, [
        ...['-n', SYSTEM_NAMESPACE, 'exec', 'deployment/walguard-object-store', '--', 'node', '-e'],
        `const fs=require('node:fs'),path=require('node:path');process.chdir('/data/walguard');${script}`,
      ]),
    scaleStore: (replicas) => scaleStore(cluster, replicas),
  };
}

async function readMetric(cluster: Cluster, series: RegExp): Promise<number | undefined> {
  const pods = await listObjects(cluster, SYSTEM_NAMESPACE, 'pod', 'app.kubernetes.io/component=controller');
  for (const { metadata } of pods) {
    const path = `/api/v1/namespaces/${SYSTEM_NAMESPACE}/pods/${metadata.name}:9090/proxy/metrics`;
    const { stdout } = await tryKubectl(cluster, ['get', '--raw', path]);
    const line = stdout.split('\n').find((each) => !each.startsWith('#') && series.test(each));
    if (line !== undefined) return Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return undefined;
}

async function scaleStore(cluster: Cluster, replicas: 0 | 1): Promise<void> {
  const own = ['-n', SYSTEM_NAMESPACE];
  await kubectl(cluster, [...own, 'scale', 'deployment/walguard-object-store', `--replicas=${replicas}`]);
  const until = replicas === 0 ? '--for=delete' : '--for=condition=Ready';
  const wait = ['wait', 'pod', '-l', 'app.kubernetes.io/component=object-store', until, '--timeout=60s'];
  await waitFor('the object store', async () => (await tryKubectl(cluster, [...own, ...wait])).code === 0);
}

/** Tells the store that what it got since `since` (Unix milliseconds) is of so many days ago; the backup's own notes too. */
export async function setBack({ inStore }: Life, prefix: string, since: number, days: number): Promise<string> {
  const day = new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS + DAY_MS / 2 - days * DAY_MS).toISOString();
  await inStore(`
    for (const name of fs.readdirSync('${prefix}', { recursive: true })) {
      const file = path.join('${prefix}', name), stat = fs.statSync(file);
      if (!stat.isFile() || stat.mtimeMs < ${since} || name.startsWith('walguard/')) continue;
      if (name.endsWith('_backup_stop_sentinel.json')) {
        const text = fs.readFileSync(file, 'utf8');
        const begun = new Date(Date.parse('${day}') - 60000).toISOString();
        fs.writeFileSync(file, text.replace(/"StartTime":\\s*"[^"]*"/, '"StartTime":"' + begun + '"')
          .replace(/"FinishTime":\\s*"[^"]*"/, '"FinishTime":"${day}"'));
      }
      fs.utimesSync(file, new Date('${day}'), new Date('${day}'));
    }`);
  return day;
}

/** SIGKILL to the sidecar itself, from outside: inside its container it is process 1, which no signal of its own kind ends. */
export async function killSidecar({ cluster }: Life, database: string): Promise<void> {
  const { metadata } = await getObject(cluster, NAMESPACE, 'pod', `${database}-0`);
  const uid = metadata.uid as string;
  const found = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => isOf(pid, uid) && /agent\0sidecar/.test(read(`/proc/${pid}/cmdline`)));
  assert.ok(found.length > 0, 'the sidecar runs on this machine');
  for (const pid of found) process.kill(Number(pid), 'SIGKILL');
}

function isOf(pid: string, podUid: string): boolean {
  const groups = read(`/proc/${pid}/cgroup`);
  return groups.includes(podUid) || groups.includes(podUid.replaceAll('-', '_'));
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
