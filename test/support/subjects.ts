// What companions are built from, made of a workload as the controller makes it; and a Restore of it.
import assert from 'node:assert/strict';
import type { StatefulSet } from '../../src/api/kubernetes.ts';
import { API_VERSION } from '../../src/api/names.ts';
import type { Restore } from '../../src/api/restore.ts';
import type { Subject } from '../../src/companion/instance.ts';
import { detect } from '../../src/flavour/detect.ts';
import { strip } from '../../src/inject/strip.ts';
import { IMAGE, SETTINGS } from './workloads.ts';

export function buildSubject(workload: StatefulSet, settings = SETTINGS): Subject {
  const detection = detect(strip(workload));
  if (detection.kind !== 'server') assert.fail(JSON.stringify(detection));
  return { workload, server: detection.server, settings, image: IMAGE };
}

export const TARGET_TIME = '2026-11-21T09:41:00Z';

export function buildRestoreOf(database = 'orders', statefulSet = 'orders-before'): Restore {
  return {
    apiVersion: API_VERSION,
    kind: 'Restore',
    metadata: { name: 'undo', namespace: 'shop', uid: 'uid-of-undo' },
    spec: { source: { database }, target: { time: TARGET_TIME }, destination: { statefulSet } },
  };
}

/** @param dump `latest`, or a dump's name */
export function buildLoadOf(dump: string, statefulSet = 'orders-before'): Restore {
  const { spec: _spec, ...restore } = buildRestoreOf();
  return { ...restore, spec: { source: { database: 'orders', dump }, destination: { statefulSet } } };
}

/** Into a new database of the server that runs. */
export function buildLoadIntoOf(database: NonNullable<Restore['spec']['destination']['database']>): Restore {
  const restore = buildLoadOf('latest');
  return { ...restore, spec: { ...restore.spec, destination: { database } } };
}
