// What is kept does not reach as far back as is promised. Room: policy (pure).
import { formatDurationSeconds, parseDurationSeconds } from '../../../lib/duration.ts';
import type { PolicyFacts } from '../../policy-facts.ts';
import { listReaches } from '../../reach.ts';
import type { Finding, Rule } from '../../rule.ts';
import { runsOf } from '../../runs.ts';

export const retentionShorterThanWindow: Rule<PolicyFacts> = {
  id: 'retention-shorter-than-window',
  since: '0.1.0',
  severity: 'deny',
  describe: 'The base backups that are kept reach as far back as retention.recoveryWindow.',
  remedy: 'Keep more, or promise less. recoveryWindow alone keeps all that it needs.',
  check: ({ spec }) => {
    const window = spec.retention?.recoveryWindow;
    if (window === undefined) return [];
    return [...findNoBaseBackup(spec, window), ...findTooFew(spec, window)];
  },
};

function findNoBaseBackup(spec: PolicyFacts['spec'], window: string): readonly Finding[] {
  return runsOf(spec, 'baseBackup')
    .filter(({ timed, isEverDue }) => timed !== undefined && !isEverDue)
    .map(({ path, schedule }) => ({
      field: `${path}.schedule`,
      seen: `"${schedule}", which is never due, and spec.retention.recoveryWindow promises ${window}`,
      remedy: 'Name a day that comes: without base backups, all WAL is needed for ever.',
    }));
}

/** Each line keeps more, so the one that reaches farthest counts. */
function findTooFew(spec: PolicyFacts['spec'], window: string): readonly Finding[] {
  const [best] = listReaches(spec).toSorted((a, b) => b.seconds - a.seconds);
  const wanted = parseDurationSeconds(window);
  if (best === undefined || best.seconds >= wanted) return [];
  const count = Math.ceil((best.count * wanted) / best.seconds);
  return [
    {
      field: `spec.retention.${best.line}`,
      seen: `${best.count}, which reaches ${formatDurationSeconds(best.seconds)} back, and spec.retention.recoveryWindow is ${window}`,
      remedy: `Set it to ${count} or more, or remove it: recoveryWindow alone keeps all that it needs.`,
    },
  ];
}
