// The steps of the demo, each against the real cluster; each returns what it saw.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { ANNOTATION } from '../../src/api/names.ts';
import { strip } from '../../src/inject/strip.ts';
import type { ClusterAccess } from '../support/cluster-client.ts';
import {
  getObject,
  kubectl,
  type Live,
  listObjects,
  psql,
  tryCommand,
  tryKubectl,
  waitFor,
} from '../support/cluster-client.ts';
import { buildPostgres, buildSurroundings, SYSTEM_NAMESPACE } from '../support/install.ts';
import { walguard } from '../support/walguard.ts';

export const NAMESPACE = 'walguard-demo';
const DATABASE = 'orders';
const RESTORED = 'orders-restored';
const ROWS = 10_000;
const BATCH = 500;

/** @returns the message of the refusal; throws when the database was let in */
export async function applyUnprotected(access: ClusterAccess): Promise<string> {
  await kubectl(access, ['apply', '-f', '-'], buildSurroundings({ namespace: NAMESPACE, name: DATABASE }));
  const manifest = buildPostgres({ namespace: NAMESPACE, name: DATABASE });
  const { code, stderr } = await tryKubectl(access, ['apply', '-f', '-'], manifest);
  if (code === 0) throw new Error('a Postgres StatefulSet without a policy was let in');
  if (!stderr.includes('backup-required')) throw new Error(`refused, but not by walguard: ${stderr}`);
  return stderr.trim();
}

/** @returns what walguard added to the StatefulSet, as a unified diff of the stored object */
export async function applyProtected(access: ClusterAccess): Promise<string> {
  const annotations = { [ANNOTATION.policy]: 'standard' };
  await kubectl(access, ['apply', '-f', '-'], buildPostgres({ namespace: NAMESPACE, name: DATABASE, annotations }));
  const live = await getObject(access, NAMESPACE, 'statefulset', DATABASE);
  return diffYaml(strip(live).spec.template, live.spec.template);
}

async function diffYaml(before: unknown, after: unknown): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'walguard-demo-'));
  try {
    writeFileSync(join(directory, 'before'), stringify(before));
    writeFileSync(join(directory, 'after'), stringify(after));
    const { stdout } = await tryCommand('diff', [
      '-u',
      '--label',
      'yours',
      '--label',
      'stored',
      join(directory, 'before'),
      join(directory, 'after'),
    ]);
    return stdout;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export interface Placement {
  readonly databaseNode: string;
  readonly backupNode: string;
  readonly backup: string;
  readonly archivedWal: string;
}

export async function waitForBackup(access: ClusterAccess): Promise<Placement> {
  await kubectl(access, ['-n', NAMESPACE, 'rollout', 'status', `statefulset/${DATABASE}`, '--timeout=180s']);
  const instance = await waitFor('a base backup and archived WAL', async () => {
    const database = await getObject(access, NAMESPACE, 'protecteddatabase', DATABASE);
    const [first] = database?.status?.instances ?? [];
    return first?.lastSuccessfulBackup && first.archiver?.lastArchivedWal ? first : undefined;
  });
  const selector = 'walguard.dev/companion=base-backup';
  const [backupPod] = await listObjects(access, NAMESPACE, 'pod', selector);
  const placement = {
    databaseNode: instance.node,
    backupNode: backupPod.spec.nodeName,
    backup: instance.lastSuccessfulBackup.name,
    archivedWal: instance.archiver.lastArchivedWal,
  };
  if (placement.databaseNode !== placement.backupNode) throw new Error('the base backup ran on another node');
  return placement;
}

export interface Written {
  readonly rows: number;
  readonly checksum: string;
  readonly lastCommit: string;
}

const CHECKSUM = `select count(*), md5(string_agg(id || ':' || note, ',' order by id)), max(at) at time zone 'utc' from orders`;

export async function writeRows(access: ClusterAccess): Promise<Written> {
  const pod = `${DATABASE}-0`;
  await psql(
    access,
    NAMESPACE,
    pod,
    'create table orders (id int primary key, note text not null, at timestamptz not null)',
  );
  for (let from = 1; from <= ROWS; from += BATCH) {
    const to = from + BATCH - 1;
    await psql(
      access,
      NAMESPACE,
      pod,
      `insert into orders select i, md5(i::text), clock_timestamp() from generate_series(${from}, ${to}) i`,
    );
  }
  return readRows(access, pod);
}

async function readRows(access: ClusterAccess, pod: string): Promise<Written> {
  const [rows, checksum = '', at] = (await psql(access, NAMESPACE, pod, CHECKSUM)).split('|');
  return { rows: Number(rows), checksum, lastCommit: new Date(`${at}Z`).toISOString() };
}

/** As a person runs it, with what it says. */
async function run(access: ClusterAccess, args: readonly string[], say: (line: string) => void): Promise<void> {
  say(`walguard ${args.join(' ')}`);
  const { code, stderr } = await walguard(access, ...args, '--timeout', '300');
  for (const line of stderr.trim().split('\n')) say(`  ${line}`);
  if (code !== 0) throw new Error(`walguard ${args[0]} ended with code ${code}`);
}

export interface Rehearsed {
  /** From the beginning of the fetch until the copy took writes. */
  readonly rtoSeconds: number;
  /** Of the condition Protected. */
  readonly protectedBecause: string;
}

/** The policy's drill, which would come round by itself once a week, and its verification: what makes a database Protected. */
export async function rehearse(access: ClusterAccess, say: (line: string) => void): Promise<Rehearsed> {
  const verification = ['create', 'job', 'first-verification', `--from=cronjob/${DATABASE}-0-verify`];
  await kubectl(access, ['-n', NAMESPACE, ...verification]);
  await run(access, ['drill', 'run', DATABASE, '-n', NAMESPACE], say);
  return waitFor('the database to be Protected', async () => {
    const { status } = await getObject(access, NAMESPACE, 'protecteddatabase', DATABASE);
    const condition = status.conditions.find(({ type }: Live) => type === 'Protected');
    if (condition.status !== 'True') return undefined;
    return { rtoSeconds: status.lastDrill.rtoSeconds, protectedBecause: condition.message };
  });
}

export interface Lost {
  readonly droppedAt: string;
  /** One second before the drop. */
  readonly target: string;
}

export async function dropTable(access: ClusterAccess): Promise<Lost> {
  // Longer than the second that is given up, so that the target lies after the last row's commit.
  await sleep(1500);
  const at = await psql(
    access,
    NAMESPACE,
    `${DATABASE}-0`,
    `select clock_timestamp() at time zone 'utc'; drop table orders;`,
  );
  const droppedAt = new Date(`${at}Z`);
  return { droppedAt: droppedAt.toISOString(), target: new Date(droppedAt.getTime() - 1000).toISOString() };
}

export interface Restored extends Written {
  /** From the command to the answered query. */
  readonly rtoSeconds: number;
  readonly phases: Readonly<Record<string, string>>;
  readonly node: string;
}

export async function restore(access: ClusterAccess, target: string, say: (line: string) => void): Promise<Restored> {
  const startedAt = Date.now();
  await run(access, ['restore', DATABASE, '--to-time', target, '--as', RESTORED, '-n', NAMESPACE], say);
  const rows = await waitFor('the restored database', () => readRows(access, `${RESTORED}-0`), { timeoutMs: 60_000 });
  const rtoSeconds = (Date.now() - startedAt) / 1000;
  const { status } = await getObject(access, NAMESPACE, 'restore', RESTORED);
  const pod = await getObject(access, NAMESPACE, 'pod', `${RESTORED}-0`);
  return { ...rows, rtoSeconds, phases: status, node: pod.spec.nodeName };
}

/** What a person would look at first when something went wrong. */
export async function describeTrouble(access: ClusterAccess): Promise<string> {
  const parts = [
    ['get', 'pods', '-A', '-o', 'wide'],
    ['-n', NAMESPACE, 'get', 'protecteddatabases,restores,jobs', '-o', 'yaml'],
    ['get', 'events', '-A', '--sort-by=.lastTimestamp'],
    ['-n', SYSTEM_NAMESPACE, 'logs', 'deployment/walguard-controller', '--tail=30'],
    ['-n', NAMESPACE, 'logs', `${DATABASE}-0`, '--all-containers', '--tail=30'],
    ['-n', NAMESPACE, 'logs', `${RESTORED}-0`, '--all-containers', '--tail=30'],
    ['-n', NAMESPACE, 'logs', '-l', 'walguard.dev/companion', '--tail=30', '--prefix'],
  ];
  const texts = parts.map(async (args) => {
    const { stdout, stderr } = await tryKubectl(access, args);
    return `--- kubectl ${args.join(' ')}\n${stdout}${stderr}`.slice(-6000);
  });
  return (await Promise.all(texts)).join('\n');
}
