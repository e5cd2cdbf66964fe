// postgresql.auto.conf of a cluster that is to recover. Room: lib (pure).
import { RESTORE_SCRIPT } from '../api/names.ts';
import { isRfc3339, type RecoveryTarget } from './recovery-target.ts';

const REPLACED =
  /^\s*(archive_|restore_command|recovery_target|recovery_end_command|primary_conninfo|primary_slot_name)/;

/** The sidecar puts its script in place while Postgres starts: a minute's patience instead of a crash and a back-off. */
const WAIT = `i=0; while [ ! -x ${RESTORE_SCRIPT} ] && [ $i -lt 300 ]; do sleep 0.2; i=$((i+1)); done`;

/**
 * Everything of the old file that has nothing to do with archiving or recovery, then what leads to the target.
 *
 * @throws Error for a target that is none, or that would end the line that it stands in
 */
export function buildRecoveryConf(before: string, target: RecoveryTarget): string {
  const kept = before.split('\n').filter((line) => line.trim() !== '' && !REPLACED.test(line));
  const settings = {
    restore_command: `${WAIT}; exec ${RESTORE_SCRIPT} %f %p`,
    recovery_target_action: 'promote',
    ...buildStop(target),
  };
  const added = Object.entries(settings).map(([name, value]) => `${name} = '${quote(value)}'`);
  return `${[...kept, ...added].join('\n')}\n`;
}

/** Of one base backup alone its own timeline counts, which may be one that was left since; else where all led to. */
function buildStop(target: RecoveryTarget): Record<string, string> {
  if ('immediate' in target) return { recovery_target: 'immediate', recovery_target_timeline: 'current' };
  const timeline = { recovery_target_timeline: 'latest' };
  if ('time' in target) return { recovery_target_time: toPostgresTime(target.time), ...timeline };
  if ('lsn' in target) return { recovery_target_lsn: check(target.lsn, /^[0-9A-F]+\/[0-9A-F]+$/i), ...timeline };
  if ('xid' in target) return { recovery_target_xid: check(target.xid, /^\d+$/), ...timeline };
  if ('name' in target) return { recovery_target_name: check(target.name, /^\P{Cc}+$/u), ...timeline };
  return timeline;
}

function check(value: string, form: RegExp): string {
  if (form.test(value)) return value;
  throw new Error(`${JSON.stringify(value)} is no target that Postgres takes`);
}

/** Postgres reads backslashes in its configuration as C does. */
function quote(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll("'", "''");
}

/**
 * Postgres reads the setting before it knows time zone abbreviations: "Z" stops it from starting, "+00" does not.
 * The digits stay as they are: commit times have microseconds.
 */
function toPostgresTime(rfc3339: string): string {
  if (!isRfc3339(rfc3339)) throw new Error(`"${rfc3339}" is no RFC 3339 time`);
  return rfc3339.replace(/t/i, ' ').replace(/z$/i, '+00');
}
