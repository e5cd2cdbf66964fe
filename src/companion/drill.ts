// Drills: a CronJob for each rehearsed restore of a database pod's backups. Room: companion (pure).
import type { KubeObject } from '../api/kubernetes.ts';
import { LABEL } from '../api/names.ts';
import type { DrillSettings } from '../policy/settings.ts';
import { buildAgentPod } from './agent-pod.ts';
import { buildCronJob } from './cron-job.ts';
import { drillName, type Instance, type Subject } from './instance.ts';

const COMPANION = 'drill';

/** What the controller knows of the source beside its manifest. */
export interface DrillSource {
  /** Of the cluster in the pod. Without it the drill asks the source's server, which must answer then. */
  readonly storagePrefix?: string;
}

/** @param suspend while a Restore makes the database anew, or another pod is its primary */
export function buildDrillCronJob(
  subject: Subject,
  instance: Instance,
  drill: DrillSettings,
  suspend: boolean,
  { storagePrefix }: DrillSource = {},
): KubeObject {
  const env = storagePrefix === undefined ? [] : [{ name: 'WALGUARD_STORAGE_PREFIX', value: storagePrefix }];
  const { schedule, timeZone, timeoutSeconds } = drill;
  const cronJob = buildCronJob(subject, instance, {
    id: COMPANION,
    name: drillName(instance.pod, drill.name),
    schedule,
    timeZone,
    suspend,
    job: {
      backoffLimit: 0,
      deadlineSeconds: timeoutSeconds,
      pod: buildAgentPod(subject, { companion: COMPANION, readOnly: true, env }),
    },
  });
  return withLabel(cronJob as DrillCronJob, drill.name);
}

type Labelled = { metadata: KubeObject['metadata'] };
type DrillCronJob = KubeObject & { spec: { jobTemplate: Labelled & { spec: { template: Labelled } } } };

/** On the CronJob, its Jobs and their pods: what came of a run is told by its drill's name. */
function withLabel(cronJob: DrillCronJob, drill: string): KubeObject {
  const label = <T extends Labelled>(object: T): T => {
    const { metadata } = object;
    return { ...object, metadata: { ...metadata, labels: { ...metadata.labels, [LABEL.drill]: drill } } };
  };
  const { spec } = cronJob;
  const { jobTemplate } = spec;
  const template = label(jobTemplate.spec.template);
  const labelled = { ...label(jobTemplate), spec: { ...jobTemplate.spec, template } };
  return { ...label(cronJob), spec: { ...spec, jobTemplate: labelled } } as KubeObject;
}
