// A drill that asks for a moment that there is not. Room: policy (pure).
import { formatDurationSeconds, parseDurationSeconds } from '../../../lib/duration.ts';
import type { PolicyFacts } from '../../policy-facts.ts';
import { findWindow } from '../../reach.ts';
import type { Finding, Rule } from '../../rule.ts';

export const drillTargetContradiction: Rule<PolicyFacts> = {
  id: 'drill-target-contradiction',
  since: '0.1.0',
  severity: 'deny',
  describe: 'A drill asks for a moment that what it restores can give.',
  remedy: 'Give target lag a lag within the recovery window; restore the latest of dumps.',
  check: ({ spec }) => (spec.drills ?? []).flatMap((drill, index) => describe(spec, drill, `spec.drills[${index}]`)),
};

type Drill = NonNullable<PolicyFacts['spec']['drills']>[number];

/**
 * | source     | target | lag   | finding                                    |
 * | baseBackup | lag    | none  | lag is missing                             |
 * | baseBackup | lag    | given | where the lag reaches behind the window    |
 * | baseBackup | other  | given | the lag has no meaning                     |
 * | dump       | latest | none  | where the policy makes no dumps            |
 * | dump       | other  | any   | a dump holds one moment only               |
 */
function describe(spec: PolicyFacts['spec'], drill: Drill, path: string): readonly Finding[] {
  const { source, target, lag } = drill;
  if (source === 'dump' && spec.dump === undefined) {
    return [
      { field: `${path}.source`, seen: 'dump, and there is no spec.dump', remedy: 'Add it, or write baseBackup.' },
    ];
  }
  if (source === 'dump' && target !== 'latest') {
    const remedy = 'Write target: latest, or source: baseBackup.';
    return [{ field: `${path}.target`, seen: `${target}, and a dump holds one moment only`, remedy }];
  }
  if (target === 'lag' && lag === undefined) {
    return [{ field: `${path}.lag`, seen: 'missing, and target is lag', remedy: 'Say how far back, such as lag: 1d.' }];
  }
  if (target !== 'lag' && lag !== undefined) {
    return [
      { field: `${path}.lag`, seen: `${lag}, and target is ${target}`, remedy: 'Write target: lag, or remove it.' },
    ];
  }
  return lag === undefined ? [] : findBehindWindow(spec, lag, path);
}

function findBehindWindow(spec: PolicyFacts['spec'], lag: string, path: string): readonly Finding[] {
  const window = findWindow(spec);
  if (window === undefined || parseDurationSeconds(lag) <= window.seconds) return [];
  return [
    {
      field: `${path}.lag`,
      seen: `${lag}, and ${window.field} reaches ${formatDurationSeconds(window.seconds)} back`,
      remedy: 'Ask for a moment within it, or keep more.',
    },
  ];
}
