// A schedule that Kubernetes would refuse in a CronJob. Room: policy (pure).
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Rule } from '../../rule.ts';
import { listRuns } from '../../runs.ts';

export const scheduleInvalid: Rule<PolicyFacts> = {
  id: 'schedule-invalid',
  since: '0.1.0',
  severity: 'deny',
  describe: 'Every schedule is one that Kubernetes takes in a CronJob.',
  remedy:
    'Write five cron fields (minute, hour, day of the month, month, day of the week), or one of @hourly to @yearly.',
  check: ({ spec }) =>
    listRuns(spec).flatMap(({ path, scheduleError }) =>
      scheduleError ? [{ field: `${path}.schedule`, ...scheduleError }] : [],
    ),
};
