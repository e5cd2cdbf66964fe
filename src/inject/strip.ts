// The exact inverse of inject: removes only what is ours, by name, where inject left its record. Room: inject (pure).
import type { Container, PodTemplate, StatefulSet, VolumeMount } from '../api/kubernetes.ts';
import { INJECTION_ANNOTATION, SHARED_DIR, SIDECAR, STORAGE_VOLUME } from '../api/names.ts';
import { removeArchiveArgs } from './archive-args.ts';

/** What inject had to create because the user's template did not have it; strip deletes it again when it is empty. */
export type Created =
  | 'metadata'
  | 'metadata.annotations'
  | 'spec.volumes'
  | 'spec.initContainers'
  | 'container.args'
  | 'container.volumeMounts';

/** By the record on the template, not by names alone: a container or volume of the user's own may be called walguard. */
export function isInjected({ spec }: StatefulSet): boolean {
  return isRecorded(spec.template) && (spec.template.spec.initContainers ?? []).some(({ name }) => name === SIDECAR);
}

function isRecorded({ metadata }: PodTemplate): boolean {
  return metadata?.annotations?.[INJECTION_ANNOTATION] !== undefined;
}

/** A copy of the workload without walguard's injection; equal to the input where there is none. */
export function strip(workload: StatefulSet): StatefulSet {
  const result = structuredClone(workload);
  const { template } = result.spec;
  if (!isRecorded(template)) return result;
  const created = readRecord(template);
  const { spec, metadata } = template;
  if (spec.initContainers) spec.initContainers = spec.initContainers.filter(({ name }) => name !== SIDECAR);
  if (spec.volumes) spec.volumes = spec.volumes.filter(({ name }) => name !== SIDECAR && name !== STORAGE_VOLUME);
  for (const container of spec.containers ?? []) stripContainer(container, created);
  if (metadata?.annotations) delete metadata.annotations[INJECTION_ANNOTATION];
  deleteEmpty(template, created);
  return result;
}

function readRecord({ metadata }: PodTemplate): ReadonlySet<string> {
  const text = metadata?.annotations?.[INJECTION_ANNOTATION];
  return new Set(text ? text.split(',') : []);
}

function isOurs({ name, mountPath }: VolumeMount): boolean {
  return name === SIDECAR && mountPath === SHARED_DIR;
}

function stripContainer(container: Container, created: ReadonlySet<string>): void {
  if (!container.volumeMounts?.some(isOurs)) return;
  container.volumeMounts = container.volumeMounts.filter((mount) => !isOurs(mount));
  if (container.args) container.args = removeArchiveArgs(container.args);
  if (created.has('container.args') && container.args?.length === 0) delete container.args;
  if (created.has('container.volumeMounts') && container.volumeMounts.length === 0) delete container.volumeMounts;
}

function deleteEmpty(template: PodTemplate, created: ReadonlySet<string>): void {
  const { spec, metadata } = template;
  if (created.has('spec.initContainers') && spec.initContainers?.length === 0) delete spec.initContainers;
  if (created.has('spec.volumes') && spec.volumes?.length === 0) delete spec.volumes;
  if (metadata?.annotations && created.has('metadata.annotations') && isEmpty(metadata.annotations)) {
    delete metadata.annotations;
  }
  if (metadata && created.has('metadata') && isEmpty(metadata)) delete template.metadata;
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}
