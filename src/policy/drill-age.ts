// From which age on the last good drill of a database is too old. Room: policy (pure).
import type { Settings } from './settings.ts';

/**
 * In seconds: objectives.drillAge, and the time that a drill may take. A policy may promise just the time from one run to the
 * next, and the last good one is that old when the next one has only begun. Undefined where no age is promised.
 */
export function findOldestDrillSeconds({ drills = [], objectives }: Pick<Settings, 'drills' | 'objectives'>) {
  const age = objectives?.drillAgeSeconds;
  if (age === undefined || drills.length === 0) return undefined;
  return age + Math.max(...drills.map(({ timeoutSeconds }) => timeoutSeconds));
}
