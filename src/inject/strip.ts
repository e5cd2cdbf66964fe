// The exact inverse of inject: removes only what is ours, by name, where inject left its record. Room: inject (pure).
import type { Container, PodTemplate, StatefulSet, VolumeMount } from '../api/kubernetes.ts';
import { INJECTION_ANNOTATION, RECOVER, RUN_VOLUME, SHARED_DIR, SIDECAR, STORAGE_VOLUME } from '../api/names.ts';
import { cloneJson } from '../lib/json.ts';
import { removeArchiveSettings } from './archive-settings.ts';
import { type InjectionRecord, readRecord, removeMade } from './record.ts';

/** By the record on the template, not by names alone: a container or volume of the user's own may be called walguard. */
export function isInjected({ spec }: StatefulSet): boolean {
  const sidecar = (spec.template.spec.initContainers ?? []).some(({ name }) => name === SIDECAR);
  return sidecar && readRecord(spec.template) !== undefined;
}

/**
 * A copy of the workload without walguard's injection; equal to the input where there is none. Its template may be changed;
 * the rest, which may be large, is shared with the input.
 */
export function strip(workload: StatefulSet): StatefulSet {
  const template = cloneJson(workload.spec.template);
  const result = { ...workload, spec: { ...workload.spec, template } };
  const record = readRecord(template);
  if (!record) return result;
  const { spec, metadata } = template;
  if (spec.initContainers)
    spec.initContainers = spec.initContainers.filter(({ name }) => ![SIDECAR, RECOVER].includes(name));
  if (spec.volumes)
    spec.volumes = spec.volumes.filter(({ name }) => ![SIDECAR, RUN_VOLUME, STORAGE_VOLUME, RECOVER].includes(name));
  for (const container of spec.containers ?? []) stripContainer(container, record);
  delete metadata?.annotations?.[INJECTION_ANNOTATION];
  removeAllMade(template, record);
  return result;
}

function isOurs({ name, mountPath }: VolumeMount): boolean {
  return name === SIDECAR && mountPath === SHARED_DIR;
}

function stripContainer(container: Container, record: InjectionRecord): void {
  if (!container.volumeMounts?.some(isOurs)) return;
  container.volumeMounts = container.volumeMounts.filter((mount) => !isOurs(mount));
  removeMade(container, 'volumeMounts', 'container.volumeMounts', record);
  removeArchiveSettings(container, record);
}

function removeAllMade(template: PodTemplate, record: InjectionRecord): void {
  removeMade(template.spec, 'initContainers', 'spec.initContainers', record);
  removeMade(template.spec, 'volumes', 'spec.volumes', record);
  if (!template.metadata) return;
  removeMade(template.metadata, 'annotations', 'metadata.annotations', record);
  removeMade(template, 'metadata', 'metadata', record);
}
