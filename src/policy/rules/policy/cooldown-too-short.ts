// A cooldown that is over before the database can be found broken again, or restored. Room: policy (pure).
import { formatDurationSeconds, parseDurationSeconds, toDuration } from '../../../lib/duration.ts';
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Rule } from '../../rule.ts';

export const cooldownTooShort: Rule<PolicyFacts> = {
  id: 'cooldown-too-short',
  since: '0.1.0',
  severity: 'deny',
  describe: 'recovery.cooldown outlasts the detection of a fault and the time that a restore may take.',
  remedy: 'Lengthen recovery.cooldown.',
  check: ({ spec: { recovery, health, objectives } }) => {
    if (recovery.mode === 'off') return [];
    const detection = parseDurationSeconds(health.interval) * health.failureThreshold;
    const rto = objectives?.rto === undefined ? 0 : parseDurationSeconds(objectives.rto);
    const needed = Math.max(detection, rto);
    if (parseDurationSeconds(recovery.cooldown) >= needed) return [];
    const why =
      rto === needed
        ? `spec.objectives.rto lets a restore take ${objectives?.rto}`
        : `spec.health takes ${formatDurationSeconds(detection)} to find a fault (${health.failureThreshold} checks, ${health.interval} apart)`;
    return [
      {
        field: 'spec.recovery.cooldown',
        seen: `${recovery.cooldown}, and ${why}`,
        remedy: `Set it to ${toDuration(needed)} or more: otherwise a recovery could begin before the last one is done.`,
      },
    ];
  },
};
