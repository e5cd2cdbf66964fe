// The clean-up of base backups and WAL: a CronJob for each database pod, or the last step of its base-backup jobs.
// Room: companion (pure).
import type { EnvVar, KubeObject } from '../api/kubernetes.ts';
import type { RetentionRules } from '../lib/retention.ts';
import { type RetentionSettings, rulesOf } from '../policy/settings.ts';
import { buildAgentPod } from './agent-pod.ts';
import { baseBackupSchedule, buildCronJob } from './cron-job.ts';
import { type Instance, pruneName, type Subject, serviceName } from './instance.ts';
import { timeoutEnv } from './job-env.ts';

const COMPANION = 'prune';

const RETENTION_ENV = 'WALGUARD_RETENTION';

/** What a job that prunes is told, as JSON in one variable. */
export interface PruneTerms {
  readonly rules: RetentionRules;
  /** As its CronJob has it: a clean-up asks whether the last one that was due was made, and shows what the next one removes. */
  readonly baseBackup: { readonly schedule: string; readonly timeZone: string; readonly deltaSteps: number };
}

/** It waits for a base backup that runs, and then needs some time of its own. */
const OWN_SECONDS = 2 * 3600;

/** @param retention with a schedule of its own */
export function buildPruneCronJob(
  subject: Subject,
  instance: Instance,
  retention: RetentionSettings & { readonly schedule: string },
): KubeObject {
  const seconds = subject.settings.baseBackup.timeoutSeconds + OWN_SECONDS;
  const pod = buildAgentPod(subject, {
    companion: COMPANION,
    readOnly: true,
    env: [
      { name: 'WALGUARD_PGHOST', value: serviceName(instance.pod) },
      { name: 'WALGUARD_INSTANCE', value: instance.pod },
      timeoutEnv(seconds),
      ...termsEnv(subject, retention),
    ],
  });
  return buildCronJob(subject, instance, {
    id: COMPANION,
    name: pruneName(instance.pod),
    schedule: retention.schedule,
    timeZone: retention.timeZone,
    suspend: false,
    job: { backoffLimit: 1, deadlineSeconds: seconds, pod },
  });
}

/** For base-backup jobs: set where they are to prune as their last step. */
export function retentionEnv(subject: Subject): EnvVar[] {
  const { retention } = subject.settings;
  return retention === undefined || retention.schedule !== undefined ? [] : termsEnv(subject, retention);
}

function termsEnv(subject: Subject, retention: RetentionSettings): EnvVar[] {
  const { timeZone, deltaSteps } = subject.settings.baseBackup;
  const terms: PruneTerms = {
    rules: rulesOf(retention),
    baseBackup: { schedule: baseBackupSchedule(subject), timeZone, deltaSteps },
  };
  return [{ name: RETENTION_ENV, value: JSON.stringify(terms) }];
}

/** Undefined for a job that is not to prune. */
export function readPruneTerms(env: Readonly<Record<string, string | undefined>>): PruneTerms | undefined {
  const text = env[RETENTION_ENV];
  return text ? (JSON.parse(text) as PruneTerms) : undefined;
}
