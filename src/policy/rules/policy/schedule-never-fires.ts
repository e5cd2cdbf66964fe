// A schedule whose day never comes. Room: policy (pure).
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Rule } from '../../rule.ts';
import { listRuns } from '../../runs.ts';

export const scheduleNeverFires: Rule<PolicyFacts> = {
  id: 'schedule-never-fires',
  since: '0.1.0',
  severity: 'warn',
  describe: 'Every schedule is due at some time.',
  remedy: 'Name days that come: 30 February does not.',
  check: ({ spec }) =>
    listRuns(spec)
      .filter(({ timed, isEverDue }) => timed !== undefined && !isEverDue)
      .map(({ path, schedule }) => ({
        field: `${path}.schedule`,
        seen: `"${schedule}", which is never due`,
        remedy: 'Name a day and a minute that come.',
      })),
};
