// Workloads as admission meets them: small changes of the minimal one.
import type { StatefulSet } from '../../src/api/kubernetes.ts';
import { ANNOTATION } from '../../src/api/names.ts';
import { injected } from './injected.ts';
import { buildWorkload, SETTINGS } from './workloads.ts';

export const EXEMPT = { [ANNOTATION.exempt]: 'a cache, filled again from the shop' };

/** Stored by an older walguard, under an older version of the policy. */
export const older = (): StatefulSet =>
  injected(
    buildWorkload({ policy: 'standard' }),
    { ...SETTINGS, archive: { ...SETTINGS.archive, timeoutSeconds: 99 } },
    'example.test/walguard:0',
  );

/** With these annotations and no others. */
export function annotate(workload: StatefulSet, annotations: Record<string, string>): StatefulSet {
  return { ...workload, metadata: { ...workload.metadata, annotations } };
}

export function withArgs(workload: StatefulSet, args: string[]): StatefulSet {
  const result = structuredClone(workload);
  for (const container of result.spec.template.spec.containers) container.args = args;
  return result;
}

/** Started by a shell, so that no settings can be passed. */
export const wrapped = (policy?: string): StatefulSet =>
  buildWorkload({ ...(policy ? { policy } : {}), container: { command: ['/bin/sh', '-c', 'exec postgres'] } });

export const exempt = (more: Record<string, string> = {}): StatefulSet =>
  annotate(buildWorkload(), { ...EXEMPT, ...more });

/** Its annotation names a container that is not there. */
export const misnamed = (): StatefulSet => annotate(buildWorkload(), { [ANNOTATION.container]: 'postgress' });

export function redis(policy?: string): StatefulSet {
  const workload = buildWorkload({ ...(policy ? { policy } : {}) });
  for (const container of workload.spec.template.spec.containers) {
    Object.assign(container, {
      name: 'redis',
      image: 'redis:7',
      env: [],
      volumeMounts: [{ name: 'data', mountPath: '/data' }],
    });
  }
  return workload;
}

export function operatorOwned(): StatefulSet {
  const workload = buildWorkload();
  workload.metadata.ownerReferences = [
    { apiVersion: 'acid.zalan.do/v1', kind: 'postgresql', name: 'orders', uid: '1', controller: true },
  ];
  return workload;
}

export function deleted(): StatefulSet {
  const workload = buildWorkload();
  workload.metadata.deletionTimestamp = '2026-11-21T00:00:00Z';
  return workload;
}
