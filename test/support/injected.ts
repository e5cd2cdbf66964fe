// The injected form of a workload that can be injected; a test that gets anything else fails with the reason.
import assert from 'node:assert/strict';
import type { StatefulSet } from '../../src/api/kubernetes.ts';
import { inject } from '../../src/inject/inject.ts';
import { IMAGE, SETTINGS } from './workloads.ts';

export function injected(workload: StatefulSet, settings = SETTINGS, image = IMAGE): StatefulSet {
  const injection = inject(workload, settings, image);
  if (injection.kind !== 'injected') assert.fail(JSON.stringify(injection));
  return injection.workload;
}
