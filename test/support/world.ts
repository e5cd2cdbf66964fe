// The controller's world, hand-built: one database `shop/orders` under the policy `standard`, and what a test changes.
import type { BackupPolicy } from '../../src/api/backup-policy.ts';
import type { Condition, Job, KubeObject, Pod, StatefulSet } from '../../src/api/kubernetes.ts';
import { API_VERSION, LABEL } from '../../src/api/names.ts';
import type { ProtectedDatabase } from '../../src/api/protected-database.ts';
import type { BaseBackupReport, SidecarStatus } from '../../src/api/reports.ts';
import type { Action } from '../../src/controller/action.ts';
import type { World } from '../../src/controller/world.ts';
import { injected } from './injected.ts';
import { buildWorkload, IMAGE } from './workloads.ts';

export const NOW = '2026-11-21T10:00:00.000Z';
export const SYSTEM_IDENTIFIER = '7710449571138806556';
export const STORAGE_PREFIX = `s3://backups/shop/orders/15/${SYSTEM_IDENTIFIER}`;

export const POLICY: BackupPolicy = {
  apiVersion: API_VERSION,
  kind: 'BackupPolicy',
  metadata: { name: 'standard' },
  spec: { storage: { s3: { prefix: 's3://backups', credentialsSecret: 'walguard-storage' } } },
};

/** As stored: injected, with a uid. */
export function buildDatabase(change: (workload: StatefulSet) => void = () => undefined): StatefulSet {
  const workload = injected(buildWorkload({ policy: 'standard' }));
  workload.metadata.uid = 'uid-of-orders';
  workload.metadata.generation = 4;
  change(workload);
  return workload;
}

export function buildSidecarStatus(changes: Partial<SidecarStatus> = {}): SidecarStatus {
  return {
    database: 'orders',
    pod: 'orders-0',
    clusterId: SYSTEM_IDENTIFIER,
    storagePrefix: STORAGE_PREFIX,
    daemon: 'running',
    postgres: 'up',
    inRecovery: false,
    archiver: {
      archiveMode: 'on',
      archivedCount: 3,
      failedCount: 0,
      lastArchivedWal: '000000010000000000000003',
      lastArchivedTime: '2026-11-21T09:59:30.000Z',
      waiting: 0,
    },
    ...changes,
  };
}

export function buildPod(name = 'orders-0', uid = 'uid-of-orders'): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'shop',
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'orders', uid, controller: true }],
    },
    spec: { containers: [], nodeName: 'node-a' },
    status: { phase: 'Running', podIP: '10.0.0.1' },
  };
}

export interface Ending {
  readonly exitCode: number;
  readonly message?: string;
  readonly reason?: string;
  readonly finishedAt?: string;
}

/** The pod of a job of ours that has ended. */
export function buildEndedPod(
  companion: 'base-backup' | 'drill' | 'prune' | 'restore' | 'restore-evidence' | 'verify',
  job: string,
  ending: Ending,
  instance = 'orders-0',
): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${job}-x`,
      namespace: 'shop',
      labels: { [LABEL.companion]: companion, [LABEL.instance]: instance, 'job-name': job },
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: job, uid: `uid-of-${job}` }],
    },
    spec: { containers: [] },
    status: { containerStatuses: [{ name: companion, restartCount: 0, state: { terminated: ending } }] },
  };
}

/** @param firstFinishedAt of the oldest backup in the store */
export function buildGoodReport(
  name: string,
  finishedAt: string,
  clusterId = SYSTEM_IDENTIFIER,
  firstFinishedAt = finishedAt,
): string {
  const backup = { name, finishedAt };
  const report: BaseBackupReport = { ok: true, backup, firstFinishedAt, clusterId, durationMs: 1200 };
  return JSON.stringify(report);
}

/** @param owner uid of the Restore that it belongs to */
export function buildJob(name: string, status: Job['status'] = {}, owner = 'uid-of-undo'): Job {
  const metadata = {
    name,
    namespace: 'shop',
    uid: `uid-of-${name}`,
    labels: { [LABEL.managedBy]: 'walguard' },
    ownerReferences: [{ apiVersion: API_VERSION, kind: 'Restore', name: 'undo', uid: owner }],
  };
  return { apiVersion: 'batch/v1', kind: 'Job', metadata, status };
}

export function buildWorld(changes: Partial<World> = {}): World {
  return {
    now: NOW,
    image: IMAGE,
    makesSecrets: true,
    policies: [POLICY],
    statefulSets: [buildDatabase()],
    databases: [],
    restores: [],
    companions: [],
    jobs: [],
    pods: [buildPod()],
    claims: [],
    places: new Map(),
    sidecars: new Map([['shop/orders-0', buildSidecarStatus()]]),
    ...changes,
  };
}

/** The world after the API server has taken the actions: the objects are there, their status too. */
export function afterwards(world: World, actions: readonly Action[]): World {
  const made = (kind: string) => actions.filter(({ object, verb }) => object.kind === kind && verb !== 'apply-status');
  const objects = (...kinds: string[]) => kinds.flatMap(made).map(({ object }) => object);
  const isSame = (a: KubeObject, b: KubeObject) =>
    a.kind === b.kind && a.metadata.name === b.metadata.name && a.metadata.namespace === b.metadata.namespace;
  const merge = <T extends KubeObject>(live: readonly T[], fresh: readonly KubeObject[]): T[] => [
    ...live.filter((each) => !fresh.some((other) => isSame(each, other))),
    ...(fresh as readonly T[]),
  ];
  const withStatus = <T extends KubeObject>(live: readonly T[]): T[] =>
    live.map((each) => {
      const written = actions.findLast(({ object, verb }) => verb === 'apply-status' && isSame(object, each));
      return written ? { ...each, status: written.object.status } : each;
    });
  return {
    ...world,
    statefulSets: merge(world.statefulSets, objects('StatefulSet')),
    databases: withStatus(merge<ProtectedDatabase>(world.databases, objects('ProtectedDatabase'))),
    restores: withStatus(world.restores),
    companions: merge(world.companions, objects('CronJob', 'Service')),
    jobs: merge(world.jobs, objects('Job')),
    claims: merge(world.claims, objects('PersistentVolumeClaim')),
  };
}

/** `verb Kind/name` of each. */
export function describeActions(actions: readonly Action[]): string[] {
  return actions.map(({ verb, object }) => `${verb} ${object.kind}/${object.metadata.name}`);
}

export function findCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((each) => each.type === type);
}
