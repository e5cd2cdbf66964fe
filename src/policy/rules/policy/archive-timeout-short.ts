// Each segment that is closed early takes its place in the store. Room: policy (pure).
import { parseDurationSeconds } from '../../../lib/duration.ts';
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Rule } from '../../rule.ts';

const SHORTEST_SECONDS = 30;
const DAY_SECONDS = 86_400;

export const archiveTimeoutShort: Rule<PolicyFacts> = {
  id: 'archive-timeout-short',
  since: '0.1.0',
  severity: 'warn',
  describe: 'archive.timeout is at least 30s.',
  remedy: 'Choose about a minute.',
  check: ({ spec: { archive } }) => {
    const seconds = parseDurationSeconds(archive.timeout);
    if (seconds >= SHORTEST_SECONDS) return [];
    const segments = Math.floor(DAY_SECONDS / seconds);
    return [
      {
        field: 'spec.archive.timeout',
        seen: `${archive.timeout}, with up to ${segments} segments of WAL a day from a database that does nearly nothing`,
        remedy: `Set it to about 60s; where less may be lost, use a standby that follows by streaming.`,
      },
    ];
  },
};
