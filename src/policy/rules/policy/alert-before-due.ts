// An alert that comes although everything is on time. Room: policy (pure).
import { formatDurationSeconds, parseDurationSeconds, toDuration } from '../../../lib/duration.ts';
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Finding, Rule } from '../../rule.ts';
import { explainLeftOut, runsOf } from '../../runs.ts';

export const alertBeforeDue: Rule<PolicyFacts> = {
  id: 'alert-before-due',
  since: '0.1.0',
  severity: 'deny',
  describe: 'No alert says that something is overdue before it is due.',
  remedy: 'Allow more time than lies between two runs.',
  check: ({ spec }) => [...findBackups(spec), ...findWal(spec)],
};

function findBackups(spec: PolicyFacts['spec']): readonly Finding[] {
  const limit = spec.alerts?.backupOverdueAfter;
  if (limit === undefined) return [];
  const field = 'spec.alerts.backupOverdueAfter';
  const runs = [...runsOf(spec, 'baseBackup'), ...runsOf(spec, 'dump')].filter(({ timed }) => timed !== undefined);
  return runs.flatMap((run) => {
    const { path, plural, gaps, isEverDue } = run;
    if (!isEverDue) {
      return [{ field, seen: `${limit}, and ${path}.schedule is never due`, remedy: 'Name a day that comes.' }];
    }
    if (!gaps || parseDurationSeconds(limit) > gaps.longest) return [];
    return [
      {
        field,
        seen: `${limit}, and ${plural} are up to ${formatDurationSeconds(gaps.longest)} apart${explainLeftOut([run])}`,
        remedy: `Set it to more than ${toDuration(gaps.longest)}, such as ${toDuration(gaps.longest * 1.5)}: a run takes its time, too.`,
      },
    ];
  });
}

/** An idle database closes a segment only as often as it is told to. */
function findWal({ alerts, archive }: PolicyFacts['spec']): readonly Finding[] {
  const limit = alerts?.walOverdueAfter;
  if (limit === undefined) return [];
  return (['timeout', 'switchAtLeastEvery'] as const).flatMap((name) => {
    const pause = archive[name];
    if (pause === undefined || parseDurationSeconds(limit) > parseDurationSeconds(pause)) return [];
    return [
      {
        field: 'spec.alerts.walOverdueAfter',
        seen: `${limit}, and by spec.archive.${name} a segment is closed only every ${pause}`,
        remedy: `Set it to more than ${pause}.`,
      },
    ];
  });
}
