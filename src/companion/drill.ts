// Drills: a CronJob for each rehearsed restore of a database pod's backups. Room: companion (pure).
import type { KubeObject, PodSpec } from '../api/kubernetes.ts';
import { LABEL } from '../api/names.ts';
import type { DrillSettings } from '../policy/settings.ts';
import { buildCronJob, delayEnv } from './cron-job.ts';
import { buildDrillPod, type DrillSource } from './drill-pod.ts';
import { drillName, type Instance, type Subject } from './instance.ts';

const COMPANION = 'drill';

/** @param suspend while a Restore makes the database anew, or another pod is its primary */
export function buildDrillCronJob(
  subject: Subject,
  instance: Instance,
  drill: DrillSettings,
  suspend: boolean,
  source: DrillSource = {},
): KubeObject {
  const { schedule, timeZone } = drill;
  const cronJob = buildCronJob(subject, instance, {
    id: COMPANION,
    name: drillName(instance.pod, drill.name),
    schedule,
    timeZone,
    suspend,
    job: termsOf(drill, buildDrillPod(subject, instance, drill, source, [delayEnv(subject, COMPANION)])),
  });
  return withLabel(cronJob as DrillCronJob, drill.name);
}

/** A drill that failed has its result, and one that could not run would not run a minute later. */
function termsOf({ timeoutSeconds }: DrillSettings, pod: PodSpec) {
  return { backoffLimit: 0, deadlineSeconds: timeoutSeconds, pod };
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
