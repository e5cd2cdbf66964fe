// The jobs of a Restore in place: one that only looks, while the database runs; then, on its claim, one that takes the place of
// the old data, or one that puts them back. Room: companion (pure).
import type { EnvVar, KubeObject, PodSpec } from '../api/kubernetes.ts';
import type { Restore } from '../api/restore.ts';
import { deriveName } from '../lib/name.ts';
import { buildAgentPod } from './agent-pod.ts';
import { type Instance, restoreJobName, type Subject, serviceName } from './instance.ts';
import { timeoutEnv } from './job-env.ts';
import { FETCH_TIMEOUT_SECONDS, wrapRestoreJob } from './restore.ts';

/** undo is a put-back of data that were somebody's for a while: only of those that the named restore made. */
export type Task = 'look' | 'take-place' | 'put-back' | 'undo';

/** Which restore made what lies there, or is to. */
export interface Maker {
  readonly name: string;
  readonly uid: string;
  readonly incarnation: string;
}

/** One for each step: a step that is taken again finds what became of it. */
export function inPlaceJobName(restore: string, task: Task): string {
  if (task === 'look') return deriveName(restore, 'restore-plan');
  return task === 'take-place' ? restoreJobName(restore) : deriveName(restore, 'restore-back');
}

/** @param storagePrefix of the very cluster to restore; not of a put-back */
export function buildInPlaceJob(
  subject: Subject,
  restore: Restore,
  instance: Instance,
  task: Task,
  maker: Maker,
  storagePrefix = '',
): KubeObject {
  const { securityContext } = subject.workload.spec.template.spec;
  const pod = buildAgentPod(subject, {
    companion: 'restore',
    ...(task === 'look' ? {} : { claim: instance.claim }),
    readOnly: false,
    env: [
      { name: 'WALGUARD_RESTORE', value: maker.name },
      { name: 'WALGUARD_RESTORE_UID', value: maker.uid },
      { name: 'WALGUARD_INCARNATION', value: maker.incarnation },
      { name: 'WALGUARD_DESTINATION', value: subject.workload.metadata.name ?? '' },
      ...taskEnv(restore, instance, task, storagePrefix),
      timeoutEnv(FETCH_TIMEOUT_SECONDS),
    ],
  });
  return wrapRestoreJob(restore, inPlaceJobName(restore.metadata.name ?? '', task), {
    ...pod,
    // As the database's own pod has it: the volume is not new, and owners and modes of what lies there are right as they are.
    securityContext: { ...pod.securityContext, ...pickGroup(securityContext) },
  });
}

function taskEnv(restore: Restore, { pod }: Instance, task: Task, storagePrefix: string): EnvVar[] {
  if (task === 'put-back' || task === 'undo') return [{ name: 'WALGUARD_IN_PLACE', value: task }];
  return [
    { name: 'WALGUARD_SOURCE_PREFIX', value: storagePrefix },
    { name: 'WALGUARD_TARGET', value: JSON.stringify(restore.spec.target) },
    ...(task === 'look'
      ? [
          { name: 'WALGUARD_PLAN_ONLY', value: '1' },
          // What is not archived yet is, as long as the database runs.
          { name: 'WALGUARD_PGHOST', value: serviceName(pod) },
          { name: 'WALGUARD_FLUSH', value: '1' },
        ]
      : [{ name: 'WALGUARD_IN_PLACE', value: task }]),
  ];
}

function pickGroup({ fsGroup, fsGroupChangePolicy }: PodSpec['securityContext'] & object = {}): object {
  return {
    ...(fsGroup === undefined ? {} : { fsGroup }),
    ...(fsGroupChangePolicy === undefined ? {} : { fsGroupChangePolicy }),
  };
}
