// "* 2 * * *" is sixty runs in one hour, and nearly always meant as one. Room: policy (pure).
import { formatDurationSeconds } from '../../../lib/duration.ts';
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Finding, Rule } from '../../rule.ts';
import { listRuns, type Run } from '../../runs.ts';

const SHORTEST_SECONDS = 15 * 60;

export const scheduleCrowded: Rule<PolicyFacts> = {
  id: 'schedule-crowded',
  since: '0.1.0',
  severity: 'warn',
  describe: 'No two runs of one schedule are less than 15 minutes apart.',
  remedy: 'Write a number, not a star, into the field for minutes.',
  check: ({ spec }) => listRuns(spec).flatMap(describe),
};

function describe({ path, schedule, plural, gaps }: Run): readonly Finding[] {
  if (!gaps || gaps.shortest >= SHORTEST_SECONDS) return [];
  const [minute, ...rest] = schedule.trim().split(/\s+/);
  const once = minute === '*' ? ` If it is meant once an hour, write "0 ${rest.join(' ')}".` : '';
  return [
    {
      field: `${path}.schedule`,
      seen: `"${schedule}", with ${plural} as little as ${formatDurationSeconds(gaps.shortest)} apart`,
      remedy: `While one still runs, the next is left out.${once}`,
    },
  ];
}
