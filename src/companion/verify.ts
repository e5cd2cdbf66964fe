// The verification of the store: a CronJob for each database pod. It needs none of its data and takes no lock, so it runs on any
// node, and beside a base backup. Room: companion (pure).
import type { EnvVar, KubeObject } from '../api/kubernetes.ts';
import type { RetentionRules } from '../lib/retention.ts';
import { rulesOf, type Settings } from '../policy/settings.ts';
import { buildAgentPod } from './agent-pod.ts';
import { buildCronJob } from './cron-job.ts';
import { type Instance, type Subject, serviceName, verifyName } from './instance.ts';

const COMPANION = 'verify';

const RULES_ENV = 'WALGUARD_RETENTION_RULES';

/** A listing of a hundred thousand objects takes a minute or two; two looks, and the ends of eight windows. */
const DEADLINE_SECONDS = 1800;

/** @param suspend while the database pod is scaled away */
export function buildVerifyCronJob(
  subject: Subject,
  instance: Instance,
  { schedule, timeZone }: NonNullable<Settings['verify']>,
  suspend: boolean,
): KubeObject {
  const env = [{ name: 'WALGUARD_PGHOST', value: serviceName(instance.pod) }, ...rulesEnv(subject.settings)];
  return buildCronJob(subject, instance, {
    id: COMPANION,
    name: verifyName(instance.pod),
    schedule,
    timeZone,
    suspend,
    job: {
      // It looks twice by itself, and the next run is never far.
      backoffLimit: 0,
      deadlineSeconds: DEADLINE_SECONDS,
      pod: buildAgentPod(subject, { companion: COMPANION, readOnly: true, env }),
    },
  });
}

/** What a clean-up may have removed is not missing. */
function rulesEnv({ retention }: Settings): EnvVar[] {
  return retention === undefined ? [] : [{ name: RULES_ENV, value: JSON.stringify(rulesOf(retention)) }];
}

/** Undefined where the policy has no retention. */
export function readRetentionRules(env: Readonly<Record<string, string | undefined>>): RetentionRules | undefined {
  const text = env[RULES_ENV];
  return text ? (JSON.parse(text) as RetentionRules) : undefined;
}
