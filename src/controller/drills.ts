// What drill jobs reported, and what became of those that could not. Room: controller (door).
import type { Job, Pod } from '../api/kubernetes.ts';
import { LABEL } from '../api/names.ts';
import type { DrillResult, GoodDrill } from '../api/protected-database/drill.ts';
import type { Instance } from '../api/protected-database.ts';
import type { DrillReport } from '../api/reports.ts';
import { hasBeen } from '../lib/clock-skew.ts';
import { newest } from '../lib/cluster-members.ts';
import { findFailure } from '../lib/job-report.ts';
import { explainStuck } from '../lib/stuck-pod.ts';
import { because, type Finished, listFinished } from './job-reports.ts';
import type { World } from './world.ts';

type Drills = Pick<Instance, 'lastDrills' | 'lastSuccessfulDrill'>;

const COMPANION = 'drill';

/**
 * The last run of each drill that the policy has, for one database pod, and the last good one of all; what was known before
 * stands until something newer comes. A run of the future is read again once its time has come: it would be fresh for ever.
 *
 * | the job                                    | its result                                  |
 * | reported on this very cluster              | what it says: passed, failed, unknown       |
 * | reported on another, which was here before | none                                        |
 * | said why it could not, or ended in silence | unknown, with its words or Kubernetes' own  |
 * | failed, and its pods are gone              | unknown, with the Job's own words           |
 * | does not get to run for ten minutes        | unknown, with the node's words; it may come |
 *
 * @param drills names
 */
export function readDrills(
  { pods, jobs, now }: Pick<World, 'pods' | 'jobs' | 'now'>,
  drills: readonly string[],
  instance: string,
  clusterId: string | undefined,
  known: Drills,
): Drills {
  const all = drills.flatMap((name) => {
    const isIts = ({ metadata: { labels } }: Pod | Job) =>
      labels?.[LABEL.companion] === COMPANION && labels[LABEL.instance] === instance && labels[LABEL.drill] === name;
    const before = known.lastDrills?.find((each) => each.name === name);
    const [ownPods, ownJobs] = [pods.filter(isIts), jobs.filter(isIts)];
    const runs = listFinished<DrillReport>(ownPods, COMPANION, instance);
    const toldJobs = [before?.job, ...runs.map(({ job }) => job)];
    const told = runs.flatMap((run) => toResult(name, run, clusterId));
    const untold = readSilent(ownPods, ownJobs, name, (job) => !toldJobs.includes(job), now);
    return [...(before ? [before] : []), ...told, ...untold].filter(({ finishedAt }) => hasBeen(finishedAt, now));
  });
  const lastDrills = [...drills].sort().flatMap((name) => newest(all.filter((each) => each.name === name)) ?? []);
  const good = newest([known.lastSuccessfulDrill, ...all.map(toGood)]);
  return {
    ...(lastDrills.length === 0 ? {} : { lastDrills }),
    ...(good ? { lastSuccessfulDrill: good } : {}),
  };
}

function toResult(
  name: string,
  { report, finishedAt, job }: Finished<DrillReport>,
  clusterId: string | undefined,
): DrillResult[] {
  if (!('drill' in report)) return [unknown(name, finishedAt, job, report.message)];
  return report.clusterId === clusterId ? [{ ...report.drill, name, job }] : [];
}

/** Of jobs that say nothing themselves. */
function readSilent(
  pods: readonly Pod[],
  jobs: readonly Job[],
  name: string,
  isSilent: (job: string) => boolean,
  now: string,
): DrillResult[] {
  const stuck = pods.flatMap((pod) => {
    const job = jobOf(pod);
    const why = isSilent(job) ? explainStuck(pod, now) : undefined;
    return why ? [unknown(name, why.at, job, why.message)] : [];
  });
  const failed = jobs.flatMap((each) => {
    const { name: job = '' } = each.metadata;
    const end = findFailure(each);
    if (!end?.lastTransitionTime || !isSilent(job)) return [];
    const why = because(pods.find((pod) => jobOf(pod) === job)?.status);
    const words = `${end.reason ?? 'Failed'}: ${end.message ?? 'the job failed'}${why}`;
    return [unknown(name, end.lastTransitionTime, job, words)];
  });
  return [...stuck, ...failed];
}

function jobOf({ metadata }: Pod): string {
  return metadata.labels?.['job-name'] ?? '';
}

function unknown(name: string, finishedAt: string, job: string, message: string): DrillResult {
  return { name, finishedAt, job, result: 'unknown', message };
}

function toGood({
  result,
  name,
  finishedAt,
  rtoSeconds,
  achievedRpoSeconds,
  evidence,
}: DrillResult): GoodDrill | undefined {
  if (result !== 'passed') return undefined;
  return {
    name,
    finishedAt,
    ...(rtoSeconds === undefined ? {} : { rtoSeconds }),
    ...(achievedRpoSeconds === undefined ? {} : { achievedRpoSeconds }),
    ...(evidence === undefined ? {} : { evidence }),
  };
}
