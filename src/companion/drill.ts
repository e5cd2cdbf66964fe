// Drills: a CronJob for each rehearsed restore of a database pod's backups. Room: companion (pure).
import type { KubeObject, PodSpec } from '../api/kubernetes.ts';
import { LABEL } from '../api/names.ts';
import type { DrillSettings } from '../policy/settings.ts';
import { buildCronJob, delayEnv } from './cron-job.ts';
import { moveElsewhere, placeOfDrill } from './drill-place.ts';
import { buildDrillPod, type DrillSource } from './drill-pod.ts';
import { drillName, type Instance, type Subject } from './instance.ts';

const COMPANION = 'drill';

/** For a person to read its log. Its copy is as large as the database, and goes with the pod: status and evidence have the result. */
const KEPT_SECONDS = 3600;

/** @param suspend while a Restore makes the database anew, or another pod is its primary */
export function buildDrillCronJob(
  subject: Subject,
  instance: Instance,
  drill: DrillSettings,
  suspend: boolean,
  source: DrillSource = {},
): KubeObject {
  const { schedule, timeZone } = drill;
  const home = subject.workload.metadata.namespace ?? '';
  const place = placeOfDrill(subject, drill);
  const isElsewhere = place !== home;
  const pod = buildDrillPod(subject, instance, drill, source, [delayEnv(subject, COMPANION)]);
  const cronJob = buildCronJob(subject, instance, {
    id: COMPANION,
    name: drillName(instance.pod, drill.name, isElsewhere ? home : undefined),
    schedule,
    timeZone,
    suspend,
    job: termsOf(drill, isElsewhere ? moveElsewhere(pod, subject) : pod),
  }) as DrillCronJob;
  if (!isElsewhere) return withLabels(cronJob, { [LABEL.drill]: drill.name });
  return moveTo(place, withLabels(cronJob, { [LABEL.drill]: drill.name, [LABEL.databaseNamespace]: home }));
}

/** Owners are of the same namespace: what runs elsewhere has none, and is taken away by its labels. */
function moveTo(namespace: string, object: KubeObject): KubeObject {
  const { ownerReferences: _own, ...metadata } = object.metadata;
  return { ...object, metadata: { ...metadata, namespace } };
}

/** A drill that failed has its result, and one that could not run would not run a minute later. */
function termsOf({ timeoutSeconds }: DrillSettings, pod: PodSpec) {
  return { backoffLimit: 0, deadlineSeconds: timeoutSeconds, keptSeconds: KEPT_SECONDS, pod };
}

type Labelled = { metadata: KubeObject['metadata'] };
type DrillCronJob = KubeObject & { spec: { jobTemplate: Labelled & { spec: { template: Labelled } } } };

/** On the CronJob, its Jobs and their pods: what came of a run is told by its drill's name. */
function withLabels(cronJob: DrillCronJob, labels: Readonly<Record<string, string>>): KubeObject {
  const label = <T extends Labelled>(object: T): T => {
    const { metadata } = object;
    return { ...object, metadata: { ...metadata, labels: { ...metadata.labels, ...labels } } };
  };
  const { spec } = cronJob;
  const { jobTemplate } = spec;
  const template = label(jobTemplate.spec.template);
  const labelled = { ...label(jobTemplate), spec: { ...jobTemplate.spec, template } };
  return { ...label(cronJob), spec: { ...spec, jobTemplate: labelled } } as KubeObject;
}
