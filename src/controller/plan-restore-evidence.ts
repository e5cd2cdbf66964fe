// The evidence of a Restore that has come to its end. What becomes of it never changes that end. No I/O. Room: controller (door).
import type { Job } from '../api/kubernetes.ts';
import { EVIDENCE_SECRET } from '../api/names.ts';
import type { RestoreEvidenceReport } from '../api/reports.ts';
import type { Restore, RestoreStatus } from '../api/restore.ts';
import { restoreEvidenceName, type Subject, toInstance } from '../companion/instance.ts';
import { buildRestoreEvidenceJob, RESTORE_EVIDENCE } from '../companion/restore-evidence.ts';
import { describeRestore, type RestoredSource } from '../lib/evidence/restore.ts';
import { findFailure, parseReport } from '../lib/job-report.ts';
import type { Action } from './action.ts';
import { isOwnedBy } from './restore-job.ts';
import { chooseSource } from './restore-source.ts';
import { writeStatus } from './restore-step.ts';
import { resolveSubject, withInjectedStorage } from './subject.ts';
import { find, isUnfinished, namespaceOf, type World } from './world.ts';

/** A Restore that ended longer ago is none of ours: it was done by an older walguard. */
const MAX_AGE_MS = 24 * 3600 * 1000;

/**
 * | Restore            | known already | job       | ended          | source is resolved | step                                 |
 * | works on           |               |           |                |                    | nothing                              |
 * | planOnly           |               |           |                |                    | nothing                              |
 * | has come to an end | yes          |           |                |                    | nothing                              |
 * | has come to an end | no           | runs      |                |                    | nothing                              |
 * | has come to an end | no           | succeeded |                |                    | status: the id, and doubts           |
 * | has come to an end | no           | failed    |                |                    | status: why there is none            |
 * | has come to an end | no           | none      | over a day ago |                    | nothing                              |
 * | has come to an end | no           | none      | just now       | no                 | status: why there is none            |
 * | has come to an end | no           | none      | just now       | yes                | the key, if it is missing, and a job |
 */
export function planRestoreEvidence(restore: Restore, world: World): Action[] {
  const { spec, status = {}, metadata } = restore;
  const isKnown = status.evidence !== undefined || status.evidenceProblem !== undefined;
  if (isUnfinished(restore) || spec.planOnly === true || isKnown) return [];
  const namespace = namespaceOf(restore);
  const job = find(world.jobs, namespace, restoreEvidenceName(metadata.name ?? '', metadata.uid ?? ''));
  if (job) return writeStatus(restore, { ...status, ...readJob(job, world) });
  if (!(Date.parse(world.now) - Date.parse(status.completedAt ?? '') <= MAX_AGE_MS)) return [];
  const source = find(world.statefulSets, namespace, spec.source.database);
  const resolved = source ? resolveSubject(source, world) : 'it does not exist';
  if (typeof resolved === 'string') {
    const evidenceProblem = `nothing tells where to keep it: StatefulSet "${spec.source.database}": ${resolved}`;
    return writeStatus(restore, { ...status, evidenceProblem });
  }
  const subject = withInjectedStorage(resolved);
  const facts = describeRestore(restore, describeSource(restore, subject, world), world.now);
  return [...planKey(namespace, world), { verb: 'create', object: buildRestoreEvidenceJob(subject, facts) }];
}

/** One that is there stays. */
function planKey(namespace: string, { makesSecrets }: World): Action[] {
  const metadata = { name: EVIDENCE_SECRET, namespace };
  return makesSecrets ? [{ verb: 'mint', object: { apiVersion: 'v1', kind: 'Secret', metadata } }] : [];
}

function describeSource(restore: Restore, subject: Subject, { databases }: World): RestoredSource {
  const { database, instance } = restore.spec.source;
  const { workload, server, settings } = subject;
  const { instances = [] } = find(databases, namespaceOf(restore), database)?.status ?? {};
  const chosen = chooseSource(restore, instances);
  const { start = 0 } = (workload.spec.ordinals ?? {}) as { start?: number };
  const { storagePrefix, pod } =
    typeof chosen === 'string' ? { storagePrefix: '', pod: toInstance(subject, start).pod } : chosen;
  const { rtoSeconds, rpoSeconds } = settings.objectives ?? {};
  return {
    instance: instance ?? pod,
    storagePrefix: restore.status?.storagePrefix ?? storagePrefix,
    policy: settings.policy,
    image: server.container.image ?? '',
    objectives: {
      ...(rtoSeconds === undefined ? {} : { rtoSeconds }),
      ...(rpoSeconds === undefined ? {} : { rpoSeconds }),
    },
  };
}

/** What became known by it. */
function readJob(job: Job, { pods }: World): Pick<RestoreStatus, 'evidence' | 'evidenceProblem'> {
  const failed = findFailure(job);
  if (!failed && !job.status?.succeeded) return {};
  const reports = pods
    .filter(({ metadata }) => isOwnedBy(metadata, job.metadata.uid))
    .flatMap(({ status }) => status?.containerStatuses?.find(({ name }) => name === RESTORE_EVIDENCE)?.state ?? [])
    .flatMap(({ terminated }) => parseReport<RestoreEvidenceReport>(terminated?.message) ?? []);
  const good = reports.find((each) => each.ok);
  if (good?.ok) {
    const evidenceProblem = good.doubts.join('; ');
    return { evidence: good.evidence, ...(evidenceProblem === '' ? {} : { evidenceProblem }) };
  }
  const bad = reports.find((each) => !each.ok);
  // Of one that succeeded the report is still to come: jobs and pods are watched apart.
  if (!failed) return {};
  return { evidenceProblem: bad?.ok === false ? bad.message : (failed.message ?? 'its job left no report') };
}
