// The decision for a Restore of a dump into a new database of a server that runs: one job does it all. No I/O.
// Room: controller (door).
import type { Instance } from '../api/protected-database.ts';
import type { LoadReport } from '../api/reports.ts';
import type { Restore } from '../api/restore.ts';
import { dumpClaimName, type Subject } from '../companion/instance.ts';
import { buildNewDatabaseJob, type Server } from '../companion/new-database.ts';
import { asideName, describeSwap, describeWayBack, type Wish } from '../lib/new-database.ts';
import { describeFetch, finishPlan, pickPlanned } from './restore-end.ts';
import { endOf, findRestoreJob } from './restore-job.ts';
import { chooseDumps, chooseSource, type RestoreSource } from './restore-source.ts';
import { fail, type Step } from './restore-step.ts';
import { resolveSubject } from './subject.ts';
import { isBeingRestored } from './view.ts';
import { find, namespaceOf, sidecarKey, type World } from './world.ts';

/**
 * | job       | the server                                | step                                    |
 * | none      | unknown, a standby, or being restored     | Failed: why                             |
 * | none      | a primary that says how much room it has  | Fetching: the job                       |
 * | runs      |                                           | Fetching: what it loads, how far it is  |
 * | failed    |                                           | Failed: its own words                   |
 * | succeeded |                                           | Completed: how to look, swap or go back |
 */
export function decideNewDatabase(restore: Restore, world: World): Step {
  const wish = wishOf(restore);
  const found = findRestoreJob(restore, world);
  const { job } = found;
  if (!job) return begin(restore, wish, world);
  const { report, hasFailed, why } = endOf<LoadReport>(found, 'the restore job failed');
  if (hasFailed) return fail(restore, why, world);
  const status = { ...restore.status, ...describeFetch(world.progress), phase: 'Fetching' as const };
  if (!job.status?.succeeded) return { actions: [], status };
  if (restore.spec.planOnly) return finishPlan(restore, report, world);
  const planned = report?.ok ? pickPlanned(report) : {};
  const message = describeEnd(restore, wish, planned.dump?.name, report?.ok ? report.swapMs : undefined);
  const now = { fetchedAt: world.now, completedAt: world.now };
  return { actions: [], status: { ...status, ...planned, ...now, phase: 'Completed', message } };
}

function wishOf({ metadata, spec }: Restore): Wish {
  const { name = '', of = '', swap } = spec.destination.database ?? {};
  return { restore: metadata.name ?? '', name, of, ...(swap === undefined ? {} : { swap }) };
}

function begin(restore: Restore, wish: Wish, world: World): Step {
  const namespace = namespaceOf(restore);
  const { database } = restore.spec.source;
  const workload = find(world.statefulSets, namespace, database);
  if (!workload) return fail(restore, `StatefulSet "${database}" does not exist in this namespace`, world);
  const subject = resolveSubject(workload, world);
  if (typeof subject === 'string') return fail(restore, `StatefulSet "${database}": ${subject}`, world);
  const { instances = [] } = find(world.databases, namespace, database)?.status ?? {};
  const source = chooseSource(restore, instances);
  if (typeof source === 'string') return fail(restore, source, world);
  const server = findServer(restore, subject, instances, source, world);
  if (typeof server === 'string') return fail(restore, server, world);
  const dumps = chooseDumps(restore, subject.settings, instances, source);
  const claim = dumps.claimOf === undefined ? undefined : dumpClaimName(dumps.claimOf);
  if (claim !== undefined && !find(world.claims, namespace, claim))
    return fail(restore, `PersistentVolumeClaim "${claim}" with the dumps is not there`, world);
  const object = buildNewDatabaseJob(subject, restore, wish, dumps, server);
  const { storagePrefix } = source;
  return {
    actions: [{ verb: 'create', object }],
    status: {
      phase: 'Fetching',
      message: `looking for what to load below ${storagePrefix}`,
      target: `dump ${restore.spec.source.dump}`,
      storagePrefix,
      startedAt: restore.status?.startedAt ?? world.now,
    },
  };
}

/** The primary of the source; or, in words, why nothing can be loaded there. What is not known is no. */
function findServer(
  { metadata, spec }: Restore,
  subject: Subject,
  instances: readonly Instance[],
  source: RestoreSource,
  world: World,
): Server | string {
  const { database, storagePrefix, instance } = spec.source;
  if (isBeingRestored(subject, world)) return `"${database}" is being restored; wait for its end`;
  // Whoever names a prefix reads dumps of anywhere; the server is the one that is there.
  const primary = instances.find(({ inRecovery }) => inRecovery === false)?.pod;
  const pod = storagePrefix === undefined ? source.pod : (instance ?? primary ?? source.pod);
  const answer = world.sidecars.get(sidecarKey(metadata.namespace ?? '', pod)) ?? 'the pod does not exist';
  if (typeof answer === 'string') return `what "${pod}" is at is not known (${answer}), so nothing is loaded there`;
  if (answer.postgres === 'down') return `Postgres of "${pod}" does not answer, so nothing can be loaded there`;
  if (answer.inRecovery !== false)
    return `"${pod}" is a standby; name its primary (spec.source.instance, or --instance)`;
  const freeBytes = answer.archiver?.volumeFreeBytes;
  if (freeBytes === undefined)
    return `how much room "${pod}" has on its volume is not known yet; try again in a minute`;
  return { pod, freeBytes };
}

function describeEnd({ spec }: Restore, wish: Wish, dump: string | undefined, swapMs: number | undefined): string {
  const { name, of, swap } = wish;
  const held = `what "${of}" held in dump ${dump ?? spec.source.dump}, every table and row as its manifest says`;
  if (swap === undefined)
    return `database "${name}" of "${spec.source.database}" has ${held}. Look at it: psql -d "${name}". To have it take the place of "${of}", with nobody connected to either: ${describeSwap(wish)}`;
  const moment = swapMs === undefined ? '' : ` Nobody could connect for ${(swapMs / 1000).toFixed(1)} s.`;
  const aside = asideName(wish);
  return `database "${swap}" of "${spec.source.database}" has ${held}.${moment} What it was before is kept as "${aside}". Back to it, with nobody connected to either: ${describeWayBack(wish)} Once it is not needed: drop database "${aside}"`;
}
