// Evidence as the database's sidecar reads it from the store: for who has rights in the cluster, and none at the store.
// Room: cli (door).
import type { KubeObject } from '../api/kubernetes.ts';
import { EXIT, SIDECAR } from '../api/names.ts';
import { createKube, currentNamespace, KubeError, type KubeOptions, loadKubeConfig } from '../kube/client.ts';
import { execInPod } from '../kube/exec.ts';
import { type Extract, extractEvidence } from '../lib/evidence/report.ts';
import { toPrintableLine } from '../lib/printable.ts';
import { NoEvidenceError } from './no-evidence-error.ts';
import { say } from './say.ts';

export interface ClusterOptions extends KubeOptions {
  readonly namespace?: string;
}

export interface ClusterEvidence {
  readonly extract: Extract;
  /** False where the sidecar could not read one of the files. */
  readonly isAll: boolean;
}

/** As the image's ENTRYPOINT is; an exec does not go by that. */
const COMMAND = ['node', '/opt/walguard/dist/walguard.mjs', 'agent', 'evidence'] as const;
const TIMEOUT_MS = 600_000;
const MAX_BYTES = 64 * 1024 * 1024;

export async function readFromCluster(
  database: string,
  options: ClusterOptions,
  signal: AbortSignal,
): Promise<ClusterEvidence> {
  const config = loadKubeConfig(options);
  const namespace = options.namespace ?? currentNamespace(config);
  try {
    const pods = await createKube(config).list<Pod>({ apiVersion: 'v1', kind: 'Pod' }, { namespace });
    const pod = findPod(pods, database);
    if (pod === undefined) throw new NoEvidenceError(EXIT.notFound, describeLack(pods, database, namespace));
    const target = { namespace, pod, container: SIDECAR, command: COMMAND };
    const { code, stdout, stderr } = await execInPod(config, target, {
      signal,
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
    });
    for (const line of stderr.split('\n').filter((each) => each !== '')) say(`${pod}: ${toPrintableLine(line)}`);
    if (stdout.trim() === '') throw describeNothing(code, pod, database, namespace);
    const extract = extractEvidence(stdout);
    if ('problem' in extract)
      throw new NoEvidenceError(EXIT.failed, `the answer of ${namespace}/${pod} cannot be used: ${extract.problem}`);
    return { extract, isAll: code === 0 };
  } catch (error) {
    throw toReason(error, namespace);
  }
}

export interface Pod extends KubeObject {
  readonly status?: {
    readonly initContainerStatuses?: readonly {
      readonly name: string;
      readonly state?: { readonly running?: unknown };
    }[];
  };
}

/** The first of the StatefulSet's pods whose sidecar runs: each of them can read the folder. */
export function findPod(pods: readonly Pod[], database: string): string | undefined {
  const isRunning = ({ status }: Pod) =>
    status?.initContainerStatuses?.some(({ name, state }) => name === SIDECAR && state?.running !== undefined) ?? false;
  const names = listOwn(pods, database)
    .filter(isRunning)
    .map(({ metadata }) => metadata.name ?? '');
  return names.sort((a, b) => a.length - b.length || (a < b ? -1 : 1))[0];
}

function listOwn(pods: readonly Pod[], database: string): Pod[] {
  const isOwner = ({ kind, name }: { kind: string; name: string }) => kind === 'StatefulSet' && name === database;
  return pods.filter(({ metadata }) => metadata.ownerReferences?.some(isOwner));
}

const FROM_STORE =
  'Copy <policy prefix>/<namespace>/<database>/evidence from the store, such as by `aws s3 sync`, and name the copy by --records.';

function describeLack(pods: readonly Pod[], database: string, namespace: string): string {
  const own = listOwn(pods, database).length;
  const seen = own === 0 ? 'no pods' : `${own} ${own === 1 ? 'pod' : 'pods'}, none with walguard's sidecar running`;
  return `StatefulSet ${namespace}/${database} has ${seen}, so nothing there can read the store. ${FROM_STORE}`;
}

function describeNothing(code: number, pod: string, database: string, namespace: string): NoEvidenceError {
  if (code === 0)
    return new NoEvidenceError(
      EXIT.notFound,
      `there is no evidence of ${namespace}/${database} in the store: no drill and no restore has written any`,
    );
  return new NoEvidenceError(
    EXIT.failed,
    `walguard agent evidence in ${namespace}/${pod} ended with code ${code}. ${FROM_STORE}`,
  );
}

function toReason(error: unknown, namespace: string): Error {
  if (error instanceof NoEvidenceError) return error;
  const { message } = error as Error;
  if (!(error instanceof KubeError))
    return new NoEvidenceError(
      EXIT.unreachable,
      `the evidence cannot be read from the cluster: ${message}. ${FROM_STORE}`,
    );
  if (error.status === 401 || error.status === 403)
    return new NoEvidenceError(
      EXIT.unreachable,
      `${message}. Listing pods and creating pods/exec in "${namespace}" must be allowed to you. ${FROM_STORE}`,
    );
  return new NoEvidenceError(error.status === 404 ? EXIT.notFound : EXIT.failed, `${message}. ${FROM_STORE}`);
}
