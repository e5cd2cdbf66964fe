// All that the controller looks at before it decides, gathered at one moment. Room: controller (door).
import { fetch } from 'undici';
import type { BackupPolicy } from '../api/backup-policy.ts';
import type { Job, KubeObject, PersistentVolumeClaim, Pod, StatefulSet } from '../api/kubernetes.ts';
import { API_VERSION, LABEL, SIDECAR_PORT } from '../api/names.ts';
import type { ProtectedDatabase } from '../api/protected-database.ts';
import type { SidecarStatus } from '../api/reports.ts';
import type { Restore } from '../api/restore.ts';
import type { Kube } from '../kube/client.ts';
import { policyOf } from '../policy/policy-of.ts';

export interface World {
  /** RFC 3339. */
  readonly now: string;
  /** walguard's own image. */
  readonly image: string;
  readonly policies: readonly BackupPolicy[];
  readonly statefulSets: readonly StatefulSet[];
  readonly databases: readonly ProtectedDatabase[];
  readonly restores: readonly Restore[];
  /** CronJobs and Services that are ours. */
  readonly companions: readonly KubeObject[];
  readonly jobs: readonly Job[];
  readonly pods: readonly Pod[];
  /** Claims in the namespaces of unfinished restores. */
  readonly claims: readonly (PersistentVolumeClaim & KubeObject)[];
  /** By sidecarKey: the sidecar's answer, or why there is none. */
  readonly sidecars: ReadonlyMap<string, SidecarStatus | string>;
}

export const WATCHED = [
  { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  { apiVersion: 'batch/v1', kind: 'Job' },
  { apiVersion: API_VERSION, kind: 'BackupPolicy' },
  { apiVersion: API_VERSION, kind: 'Restore' },
] as const;

const OURS = { labelSelector: `${LABEL.managedBy}=walguard` };

export async function gather(kube: Kube, image: string): Promise<World> {
  const [statefulSets, policies, databases, restores, cronJobs, services, jobs] = await Promise.all([
    kube.list<StatefulSet>({ apiVersion: 'apps/v1', kind: 'StatefulSet' }),
    kube.list<BackupPolicy & KubeObject>({ apiVersion: API_VERSION, kind: 'BackupPolicy' }),
    kube.list<ProtectedDatabase>({ apiVersion: API_VERSION, kind: 'ProtectedDatabase' }),
    kube.list<Restore>({ apiVersion: API_VERSION, kind: 'Restore' }),
    kube.list({ apiVersion: 'batch/v1', kind: 'CronJob' }, OURS),
    kube.list({ apiVersion: 'v1', kind: 'Service' }, OURS),
    kube.list<Job>({ apiVersion: 'batch/v1', kind: 'Job' }, OURS),
  ]);
  const named = statefulSets.filter(policyOf);
  const pods = await listIn(kube, 'Pod', named.map(namespaceOf));
  const claims = await listIn(kube, 'PersistentVolumeClaim', restores.filter(isUnfinished).map(namespaceOf));
  const sidecars = await askSidecars(named, pods as Pod[]);
  return {
    now: new Date().toISOString(),
    image,
    policies,
    statefulSets,
    databases,
    restores,
    companions: [...cronJobs, ...services],
    jobs,
    pods: pods as Pod[],
    claims: claims as (PersistentVolumeClaim & KubeObject)[],
    sidecars,
  };
}

export function isUnfinished({ status }: Restore): boolean {
  return status?.phase !== 'Completed' && status?.phase !== 'Failed';
}

export function namespaceOf({ metadata }: KubeObject): string {
  return metadata.namespace ?? '';
}

async function listIn(kube: Kube, kind: string, namespaces: readonly string[]): Promise<KubeObject[]> {
  const lists = [...new Set(namespaces)].map((namespace) => kube.list({ apiVersion: 'v1', kind }, { namespace }));
  return (await Promise.all(lists)).flat();
}

const STATUS_TIMEOUT_MS = 2000;

async function askSidecars(workloads: readonly StatefulSet[], pods: readonly Pod[]): Promise<World['sidecars']> {
  const uids = new Set(workloads.map(({ metadata }) => metadata.uid));
  const theirs = pods.filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uids.has(uid)));
  const answers = await Promise.all(
    theirs.map(async (pod) => [sidecarKey(namespaceOf(pod), pod.metadata.name ?? ''), await askSidecar(pod)] as const),
  );
  return new Map(answers);
}

export function sidecarKey(namespace: string, pod: string): string {
  return `${namespace}/${pod}`;
}

/** The object of that name in that namespace, of a list of one kind. */
export function find<T extends KubeObject>(objects: readonly T[], namespace: string, name: string): T | undefined {
  return objects.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
}

async function askSidecar({ status }: Pod): Promise<SidecarStatus | string> {
  if (!status?.podIP) return `the pod is ${status?.phase ?? 'unknown'} and has no address yet`;
  const host = status.podIP.includes(':') ? `[${status.podIP}]` : status.podIP;
  try {
    const response = await fetch(`http://${host}:${SIDECAR_PORT}/status`, {
      signal: AbortSignal.timeout(STATUS_TIMEOUT_MS),
    });
    return (await response.json()) as SidecarStatus;
  } catch (error) {
    return `the sidecar does not answer: ${(error as Error).message}`;
  }
}
