// `walguard drill run`: one drill of a database now, as its CronJob would do it, followed to its end. Room: cli (door).
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job, KubeObject, Pod, PodSpec } from '../api/kubernetes.ts';
import { API_VERSION, EXIT, LABEL } from '../api/names.ts';
import type { ProtectedDatabase, ProtectedDatabaseStatus } from '../api/protected-database.ts';
import type { DrillReport } from '../api/reports.ts';
import { createKube, currentNamespace, type Kube, KubeError, loadKubeConfig } from '../kube/client.ts';
import { findFailure, parseReport } from '../lib/job-report.ts';
import { deriveName } from '../lib/name.ts';
import { explainWait } from '../lib/stuck-pod.ts';
import type { ClusterOptions } from './evidence-cluster.ts';
import { say } from './say.ts';
import { UsageError } from './usage-error.ts';

export interface DrillRunOptions extends ClusterOptions {
  readonly drill?: string;
  readonly instance?: string;
  readonly wait: boolean;
  /** Seconds. */
  readonly timeout: string;
  readonly output: 'text' | 'json';
}

export interface DrillCronJob extends KubeObject {
  spec: {
    suspend?: boolean;
    jobTemplate: { metadata?: KubeObject['metadata']; spec: { template: { spec: PodSpec } } };
  };
}

const COMPANION = 'drill';
const POLL_MS = 1000;
/** Until its volume is made no node takes a pod. */
const SETTLING_MS = 5000;

export async function runDrillNow(database: string, options: DrillRunOptions, signal: AbortSignal): Promise<number> {
  if (!(Number(options.timeout) > 0)) throw new UsageError(`--timeout "${options.timeout}" is no number of seconds`);
  const config = loadKubeConfig(options);
  const kube = createKube(config);
  const namespace = options.namespace ?? currentNamespace(config);
  try {
    const status = await readStatus(kube, namespace, database);
    const found = await findDrills(kube, namespace, database, status.drillNamespaces ?? []);
    if (found.length === 0) {
      say(explainNone(namespace, database, status));
      return EXIT.notFound;
    }
    const job = buildJob(chooseDrill(found, options), await readUser(kube), new Date());
    await kube.create(job);
    say(`drill ${job.metadata.namespace}/${job.metadata.name} begins`);
    return options.wait ? await follow(kube, job, options, signal) : EXIT.ok;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    say(error instanceof KubeError ? error.message : `the cluster cannot be reached: ${(error as Error).message}`);
    return error instanceof KubeError && ![401, 403].includes(error.status) ? EXIT.failed : EXIT.unreachable;
  }
}

/** Nobody needs the right to read it for drills that run beside their database. */
async function readStatus(kube: Kube, namespace: string, name: string): Promise<ProtectedDatabaseStatus> {
  const ref = { apiVersion: API_VERSION, kind: 'ProtectedDatabase', metadata: { namespace, name } };
  const found = await kube.get<ProtectedDatabase>(ref).catch((error: unknown) => {
    if (error instanceof KubeError && error.status === 403) return undefined;
    throw error;
  });
  return found?.status ?? {};
}

/** @param elsewhere other namespaces in which drills of the database run, where others of its name have theirs, too */
async function findDrills(
  kube: Kube,
  namespace: string,
  database: string,
  elsewhere: readonly string[],
): Promise<DrillCronJob[]> {
  const kind = { apiVersion: 'batch/v1', kind: 'CronJob' };
  const its = `${LABEL.companion}=${COMPANION},${LABEL.database}=${database}`;
  const lists = await Promise.all([
    kube.list<DrillCronJob>(kind, { namespace, labelSelector: `${its},!${LABEL.databaseNamespace}` }),
    ...elsewhere.map((place) =>
      kube.list<DrillCronJob>(kind, {
        namespace: place,
        labelSelector: `${its},${LABEL.databaseNamespace}=${namespace}`,
      }),
    ),
  ]);
  return lists.flat();
}

/** Where drills are wanted and not allowed, the condition says so. */
function explainNone(namespace: string, database: string, { conditions = [] }: ProtectedDatabaseStatus): string {
  const condition = conditions.find(({ type }) => type === 'LastDrillSucceeded');
  if (condition?.reason === 'DrillNotAllowed') return condition.message;
  return `"${database}" in namespace "${namespace}" has no drills: does its policy have a section drills?`;
}

/** @throws UsageError where it is not told which one, or there is none of that name */
export function chooseDrill(
  found: readonly DrillCronJob[],
  { drill, instance }: Pick<DrillRunOptions, 'drill' | 'instance'>,
): DrillCronJob {
  const wanted = found.filter(
    ({ metadata: { labels } }) =>
      (drill === undefined || labels?.[LABEL.drill] === drill) &&
      (instance === undefined || labels?.[LABEL.instance] === instance),
  );
  // Those of a standby are suspended: its primary has them, too.
  const running = wanted.filter(({ spec }) => spec.suspend !== true);
  const [chosen, ...others] = running.length > 0 ? running : wanted;
  if (chosen && others.length === 0) return chosen;
  const names = [...new Set(found.map(({ metadata }) => describe(metadata.labels ?? {})))].sort().join(', ');
  throw new UsageError(`which drill? Name it by --drill and --instance; there are: ${names}`);
}

function describe({ [LABEL.drill]: drill, [LABEL.instance]: instance }: Record<string, string>): string {
  return `${drill} of ${instance}`;
}

/** As `kubectl create job --from` does it, at once, and with who asked. @param user as Kubernetes knows them */
export function buildJob({ metadata, spec }: DrillCronJob, user: string, now: Date): Job {
  const { metadata: labelled = {}, spec: jobSpec } = structuredClone(spec.jobTemplate);
  const containers = jobSpec.template.spec.containers.map((each) => ({
    ...each,
    env: [
      ...(each.env ?? []).filter(({ name }) => name !== 'WALGUARD_DELAY_SECONDS'),
      { name: 'WALGUARD_REQUESTED_BY', value: user.replaceAll('$', '$$$$') },
    ],
  }));
  const stamp = now.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
  const { name = '', namespace = '', uid } = metadata;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: deriveName(name, stamp),
      namespace,
      ...(labelled.labels ? { labels: labelled.labels } : {}),
      annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' },
      ...(uid ? { ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name, uid, controller: true }] } : {}),
    },
    spec: { ...jobSpec, template: { ...jobSpec.template, spec: { ...jobSpec.template.spec, containers } } },
  } as Job;
}

async function readUser(kube: Kube): Promise<string> {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview', metadata: {} };
  const answer = (await kube.create<KubeObject>(review).catch(() => undefined)) as
    | { status?: { userInfo?: { username?: string } } }
    | undefined;
  return answer?.status?.userInfo?.username || 'a person whose name the cluster does not tell';
}

async function follow(kube: Kube, job: Job, options: DrillRunOptions, signal: AbortSignal): Promise<number> {
  const startedAt = Date.now();
  const deadline = startedAt + Number(options.timeout) * 1000;
  const { name = '', namespace = '' } = job.metadata;
  const again = `kubectl -n ${namespace} logs -f job/${name} -c ${COMPANION}`;
  let last = '';
  while (Date.now() < deadline) {
    const look = await lookAt(kube, job);
    if (typeof look !== 'string') return finish(look, options.output);
    if (look !== last) say(`  ${String(Math.round((Date.now() - startedAt) / 1000)).padStart(4)} s  ${look}`);
    last = look;
    await sleep(Math.min(POLL_MS, Math.max(0, deadline - Date.now())), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) {
      say(`The drill goes on without this command; see it with: ${again}`);
      return EXIT.interrupted;
    }
  }
  say(`not finished after ${options.timeout} s; it goes on, see it with: ${again}`);
  return EXIT.timeout;
}

/** What it does; or its report. */
async function lookAt(kube: Kube, job: Job): Promise<string | DrillReport> {
  const { name = '', namespace = '' } = job.metadata;
  const kind = { apiVersion: 'v1', kind: 'Pod' };
  const [pod] = await kube.list<Pod & KubeObject>(kind, { namespace, labelSelector: `job-name=${name}` });
  const ended = pod?.status?.containerStatuses?.find((each) => each.name === COMPANION)?.state?.terminated;
  if (ended)
    return (
      parseReport<DrillReport>(ended.message) ?? {
        ok: false,
        message: `it left no report (exit code ${ended.exitCode})`,
      }
    );
  const live = await kube.get<Job>(job);
  const failed = findFailure(live);
  if (failed) return { ok: false, message: failed.message ?? 'the Job failed' };
  if (!pod) return 'waiting for its pod';
  if (pod.status?.phase === 'Running') return 'restoring, and looking at what came back';
  const isNew = Date.now() - Date.parse(pod.metadata.creationTimestamp ?? '') < SETTLING_MS;
  return (isNew ? undefined : explainWait(pod.status)) ?? 'its pod waits to be started';
}

/** What could not run shows nothing: it is no success, and says so. */
function finish(report: DrillReport, output: DrillRunOptions['output']): number {
  if (output === 'json') process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  if (!('drill' in report)) {
    say(`unknown: the drill could not run: ${report.message}`);
    return EXIT.failed;
  }
  const { result, message, target, baseBackup, evidence } = report.drill;
  say(`${result}: ${message}`);
  if (target !== undefined) say(`  restored ${baseBackup ?? ''} to ${target}`);
  say(evidence === undefined ? '  no evidence could be kept: see the log of its pod' : `  evidence ${evidence}`);
  return result === 'passed' ? EXIT.ok : EXIT.failed;
}
