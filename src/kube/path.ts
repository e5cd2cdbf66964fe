// REST paths of the kinds that walguard uses. Room: kube.
import { resourceOf } from '../api/crds.ts';
import type { ObjectRef } from '../api/kubernetes.ts';
import { API_VERSION } from '../api/names.ts';

const RESOURCES: Readonly<Record<string, string>> = {
  'v1/ConfigMap': 'configmaps',
  'v1/Event': 'events',
  'v1/Namespace': 'namespaces',
  'v1/PersistentVolumeClaim': 'persistentvolumeclaims',
  'v1/Pod': 'pods',
  'v1/Secret': 'secrets',
  'v1/Service': 'services',
  'events.k8s.io/v1/Event': 'events',
  'apps/v1/StatefulSet': 'statefulsets',
  'authentication.k8s.io/v1/SelfSubjectReview': 'selfsubjectreviews',
  'batch/v1/CronJob': 'cronjobs',
  'batch/v1/Job': 'jobs',
  'coordination.k8s.io/v1/Lease': 'leases',
  'admissionregistration.k8s.io/v1/MutatingWebhookConfiguration': 'mutatingwebhookconfigurations',
  'admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration': 'validatingwebhookconfigurations',
};

/** Path of an object, or of its collection when it has no name. */
export function pathOf({ apiVersion, kind, metadata }: ObjectRef): string {
  const resource = apiVersion === API_VERSION ? resourceOf(kind as never) : RESOURCES[`${apiVersion}/${kind}`];
  if (!resource) throw new Error(`walguard does not know the resource of ${apiVersion} ${kind}`);
  const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  const namespace = metadata.namespace === undefined ? '' : `/namespaces/${encodeURIComponent(metadata.namespace)}`;
  const name = metadata.name === undefined ? '' : `/${encodeURIComponent(metadata.name)}`;
  return `${root}${namespace}/${resource}${name}`;
}
