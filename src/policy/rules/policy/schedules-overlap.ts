// Two heavy runs of one database that start at the same minute. Room: policy (pure).
import { nextTogether } from '../../../lib/cron-meetings.ts';
import { isSpread } from '../../../lib/cron-spread.ts';
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Finding, Rule } from '../../rule.ts';
import { listRuns, type Run } from '../../runs.ts';

export const schedulesOverlap: Rule<PolicyFacts> = {
  id: 'schedules-overlap',
  since: '0.1.0',
  severity: 'warn',
  describe: 'Base backups, dumps, drills and verifications of one database start at different minutes.',
  remedy: 'Leave each of them the time that it takes before the next one starts.',
  check: ({ spec, now }) => {
    const heavy = listRuns(spec).filter(
      ({ id, timed, schedule }) => id !== 'cleanup' && timed !== undefined && !isSpread(schedule),
    );
    return heavy.flatMap((run, index) => describe(run, heavy.slice(0, index), Date.parse(now)));
  },
};

/** One finding for each run: with the one before it that it meets first. */
function describe(run: Run, before: readonly Run[], now: number): readonly Finding[] {
  const meetings = before.flatMap((other) => {
    const time = run.timed && other.timed && nextTogether(run.timed, other.timed, now);
    return time === undefined ? [] : [{ time, other }];
  });
  const [first] = meetings.sort((a, b) => a.time - b.time);
  if (first === undefined) return [];
  const when = new Date(first.time).toISOString().replace(':00.000Z', 'Z');
  return [
    {
      field: `${run.path}.schedule`,
      seen: `"${run.schedule}", which starts together with ${first.other.path}.schedule, next at ${when}`,
      remedy: 'Move one of the two.',
    },
  ];
}
