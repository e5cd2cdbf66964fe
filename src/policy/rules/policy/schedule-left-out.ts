// A run in the hour that the clocks leave out in spring. Room: policy (pure).
import { nextDayLeftOut } from '../../../lib/cron-meetings.ts';
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Rule } from '../../rule.ts';
import { listRuns } from '../../runs.ts';

export const scheduleLeftOut: Rule<PolicyFacts> = {
  id: 'schedule-left-out',
  since: '0.1.0',
  severity: 'warn',
  describe: 'No run of a schedule is lost on the day on which the clocks are put forward.',
  remedy: 'Choose another hour, or the time zone Etc/UTC.',
  check: ({ spec, now }) =>
    listRuns(spec).flatMap(({ path, schedule, timeZone, timed }) => {
      const day = timed && nextDayLeftOut(timed, Date.parse(now));
      if (day === undefined) return [];
      return [
        {
          field: `${path}.schedule`,
          seen: `"${schedule}", and on ${day} the clocks of ${timeZone} leave that time out`,
          remedy: 'It does not run on that day. Choose another hour, or the time zone Etc/UTC.',
        },
      ];
    }),
};
