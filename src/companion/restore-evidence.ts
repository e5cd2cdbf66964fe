// The Job that keeps the evidence of a Restore, once that has come to its end. Room: companion (pure).
import type { KubeObject } from '../api/kubernetes.ts';
import { LABEL, STORAGE_VOLUME } from '../api/names.ts';
import type { RestoreFacts } from '../lib/evidence/restore.ts';
import { buildAgentPod } from './agent-pod.ts';
import { buildJobSpec } from './cron-job.ts';
import { withEvidenceKey } from './evidence.ts';
import { literal } from './image-container.ts';
import { companionLabels, restoreEvidenceName, type Subject } from './instance.ts';
import { timeoutEnv } from './job-env.ts';

export const RESTORE_EVIDENCE = 'restore-evidence';

/** The agent tries for that long by itself: a store that is away when a restore ends may come back. */
const DEADLINE_SECONDS = 3600;

/** For a person to read its log. */
const KEPT_SECONDS = 24 * 3600;

/**
 * Nobody owns it: a Restore that is deleted at once is recorded all the same. Kubernetes removes it a day after its end.
 *
 * @param facts without any secret: they stand in the Job, too
 */
export function buildRestoreEvidenceJob(subject: Subject, facts: RestoreFacts): KubeObject {
  const { name, restore, database } = facts;
  const pod = buildAgentPod(withoutLogin(subject), {
    companion: RESTORE_EVIDENCE,
    readOnly: true,
    isSmall: true,
    env: [literal('WALGUARD_RESTORE_FACTS', JSON.stringify(facts)), timeoutEnv(DEADLINE_SECONDS)],
  });
  const volumes = pod.volumes?.map((each) => (each.name === STORAGE_VOLUME ? withEvidenceKey(each) : each));
  const labels = { ...companionLabels(database.name, RESTORE_EVIDENCE), [LABEL.restore]: name };
  // Of a node that was lost, or a pod that was evicted: what was written already is found again.
  const terms = {
    backoffLimit: 2,
    deadlineSeconds: DEADLINE_SECONDS,
    keptSeconds: KEPT_SECONDS,
    pod: { ...pod, ...(volumes ? { volumes } : {}) },
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: restoreEvidenceName(name, restore.uid), namespace: database.namespace, labels },
    spec: buildJobSpec(terms, labels),
  };
}

/** It asks no server; and a Secret with a password that is gone must not keep its pod from starting. */
function withoutLogin(subject: Subject): Subject {
  const { env: _env, envFrom: _envFrom, ...container } = subject.server.container;
  return { ...subject, server: { ...subject.server, container } };
}
