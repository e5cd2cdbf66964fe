// A window that is shorter than the time between two base backups costs more than it seems to. Room: policy (pure).
import { formatDurationSeconds, parseDurationSeconds } from '../../../lib/duration.ts';
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Rule } from '../../rule.ts';
import { runsOf } from '../../runs.ts';

export const baseBackupRarerThanWindow: Rule<PolicyFacts> = {
  id: 'base-backup-rarer-than-window',
  since: '0.1.0',
  severity: 'warn',
  describe: 'Base backups come at least once in a retention.recoveryWindow.',
  remedy: 'Take base backups more often.',
  check: ({ spec }) => {
    const window = spec.retention?.recoveryWindow;
    if (window === undefined) return [];
    return runsOf(spec, 'baseBackup').flatMap(({ path, schedule, gaps }) => {
      if (!gaps || gaps.longest <= parseDurationSeconds(window)) return [];
      const gap = formatDurationSeconds(gaps.longest);
      return [
        {
          field: `${path}.schedule`,
          seen: `"${schedule}", with up to ${gap} between two, and spec.retention.recoveryWindow is ${window}`,
          remedy: `Take them more often: a restore replays up to ${gap} of WAL, and as much more is kept.`,
        },
      ];
    });
  },
};
