// Environment variables that jobs of several companions have in common. Room: companion (pure).
import type { EnvVar } from '../api/kubernetes.ts';

/** The agent ends by itself a minute before Kubernetes would end it, to be able to say why. @param deadlineSeconds of its Job */
export function timeoutEnv(deadlineSeconds: number): EnvVar {
  return { name: 'WALGUARD_TIMEOUT_SECONDS', value: String(Math.max(30, deadlineSeconds - 60)) };
}

/** Of the pod's own Job. */
export function jobNameEnv(): EnvVar {
  return jobLabelEnv('WALGUARD_JOB', 'job-name');
}

/** Of the pod's own Job: a name may be given again. */
export function jobUidEnv(): EnvVar {
  return jobLabelEnv('WALGUARD_JOB_UID', 'controller-uid');
}

/** Kubernetes labels the pods of a Job with its name and its uid. */
function jobLabelEnv(name: string, label: 'job-name' | 'controller-uid'): EnvVar {
  const fieldPath = `metadata.labels['batch.kubernetes.io/${label}']`;
  return { name, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } };
}
