// A time zone that Kubernetes would refuse in a CronJob. Room: policy (pure).
import { findTimeZoneError } from '../../../lib/time-zone.ts';
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Rule } from '../../rule.ts';
import { listRuns } from '../../runs.ts';

export const timeZoneUnknown: Rule<PolicyFacts> = {
  id: 'time-zone-unknown',
  since: '0.1.0',
  severity: 'deny',
  describe: 'Every time zone is one that Kubernetes takes in a CronJob.',
  remedy: "Write a name of IANA's list, with its capitals, such as Etc/UTC or Europe/Berlin.",
  check: ({ spec }) => {
    const zones = listRuns(spec).map(({ path, timeZone }) => ({ path, timeZone }));
    const idle = spec.retention !== undefined && spec.retention.schedule === undefined;
    if (idle) zones.push({ path: 'spec.retention', timeZone: spec.retention?.timeZone ?? '' });
    return zones.flatMap(({ path, timeZone }) => {
      const error = findTimeZoneError(timeZone);
      return error ? [{ field: `${path}.timeZone`, ...error }] : [];
    });
  },
};
