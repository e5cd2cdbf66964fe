// What one database, or one Restore, needs done. No I/O. Room: controller (door).
import type { KubeObject } from '../api/kubernetes.ts';
import type { Restore } from '../api/restore.ts';
import { policyOf } from '../policy/policy-of.ts';
import { type Action, planDelete } from './action.ts';
import type { Subject } from './key.ts';
import { planDatabase } from './plan.ts';
import { planRestore } from './plan-restore.ts';
import { planRestoreEvidence } from './plan-restore-evidence.ts';
import { planGone } from './plan-status.ts';
import { find, namespaceOf, type World } from './world.ts';

/**
 * | database's StatefulSet | names a policy | done                                                          |
 * | there                  | yes            | companions and status, by the policy                          |
 * | about to go            | yes            | nothing: Kubernetes takes its companions away with it         |
 * | there                  | no             | its companions go, its status says so; backups stay           |
 * | gone                   |                | its status says so; backups stay, drills elsewhere go         |
 */
export function decide({ kind, namespace, name }: Subject, world: World): Action[] {
  if (kind === 'restore') {
    const restore = find(world.restores, namespace, name);
    return restore ? planWithEvidence(restore, world) : [];
  }
  const workload = find(world.statefulSets, namespace, name);
  if (workload && policyOf(workload)) return workload.metadata.deletionTimestamp ? [] : planDatabase(workload, world);
  const database = find(world.databases, namespace, name);
  // What is in its own namespace goes with a StatefulSet that is gone: that is its owner.
  const isElsewhere = (each: KubeObject) => each.kind === 'CronJob' && namespaceOf(each) !== namespace;
  const left = world.companions.filter((each) => workload || isElsewhere(each)).flatMap(planDelete);
  return [...left, ...(database ? planGone(database, world) : [])];
}

/** What keeps the evidence is made in the look that sees the end: who deletes the Restore right then is recorded all the same. */
function planWithEvidence(restore: Restore, world: World): Action[] {
  const actions = planRestore(restore, world);
  const written = actions.find(({ verb }) => verb === 'apply-status')?.object as Restore | undefined;
  const after = written?.status ? { ...restore, status: written.status } : restore;
  return [...actions, ...planRestoreEvidence(after, world)];
}
