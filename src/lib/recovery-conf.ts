// postgresql.auto.conf of a cluster that is to recover. Room: lib (pure).
import { RESTORE_SCRIPT } from '../api/names.ts';

const REPLACED =
  /^\s*(archive_|restore_command|recovery_target|recovery_end_command|primary_conninfo|primary_slot_name)/;

const RFC3339 = /^\d{4}-\d{2}-\d{2}t\d{2}:\d{2}:\d{2}(\.\d+)?(z|[+-]\d{2}:\d{2})$/i;

/** The sidecar puts its script in place while Postgres starts: a minute's patience instead of a crash and a back-off. */
const WAIT = `i=0; while [ ! -x ${RESTORE_SCRIPT} ] && [ $i -lt 300 ]; do sleep 0.2; i=$((i+1)); done`;

/** What recovery stops at: a time, or the end of the base backup. */
export interface RecoveryTarget {
  /** RFC 3339. */
  readonly targetTime: string;
  readonly target?: 'immediate';
}

/** Everything of the old file that has nothing to do with archiving or recovery, then what leads to the target. */
export function buildRecoveryConf(before: string, { targetTime, target }: RecoveryTarget): string {
  const kept = before.split('\n').filter((line) => line.trim() !== '' && !REPLACED.test(line));
  const settings = {
    restore_command: `${WAIT}; exec ${RESTORE_SCRIPT} %f %p`,
    recovery_target_action: 'promote',
    // The backup's own timeline may be one that was left since.
    ...(target === 'immediate'
      ? { recovery_target: target, recovery_target_timeline: 'current' }
      : { recovery_target_time: toPostgresTime(targetTime), recovery_target_timeline: 'latest' }),
  };
  const added = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
  return `${[...kept, ...added].join('\n')}\n`;
}

/**
 * Postgres reads the setting before it knows time zone abbreviations: "Z" stops it from starting, "+00" does not.
 * The digits stay as they are: commit times have microseconds.
 */
function toPostgresTime(rfc3339: string): string {
  if (!RFC3339.test(rfc3339) || Number.isNaN(Date.parse(rfc3339))) throw new Error(`"${rfc3339}" is no RFC 3339 time`);
  return rfc3339.replace(/t/i, ' ').replace(/z$/i, '+00');
}
