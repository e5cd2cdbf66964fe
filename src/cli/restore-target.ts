// The target of a restore, as it is typed. No I/O. Room: cli (door).
import type { RestoreTarget } from '../api/restore.ts';

/** Exactly one of the first six, or backup alone. */
export interface TargetOptions {
  readonly toTime?: string;
  readonly toLsn?: string;
  readonly toXid?: string;
  readonly toName?: string;
  readonly immediate?: boolean;
  readonly latest?: boolean;
  readonly backup?: string;
}

const FLAGS = '--to-time, --to-lsn, --to-xid, --to-name, --immediate, --latest';

/** What of the options is a target; or why they are none. */
export function readTarget(
  options: TargetOptions,
  now: Date,
): { readonly target: RestoreTarget } | { readonly problem: string } {
  const { toTime, toLsn, toXid, toName, immediate, latest, backup } = options;
  const given = [toTime, toLsn, toXid, toName, immediate, latest].filter((each) => each !== undefined);
  if (given.length > 1) return { problem: `only one of ${FLAGS}, please: there are ${given.length}` };
  if (given.length === 0 && backup === undefined)
    return { problem: `to what moment? Add one of ${FLAGS}, or --backup alone` };
  const from = backup === undefined ? {} : { backup };
  if (backup !== undefined && !BACKUP.test(backup))
    return { problem: `--backup "${backup}" is no base backup's name, such as base_000000010000000000000003` };
  if (toTime !== undefined) {
    const parsed = parseTime(toTime, now);
    return 'problem' in parsed ? parsed : { target: { time: parsed.moment, ...from } };
  }
  if (toLsn !== undefined)
    return LSN.test(toLsn)
      ? { target: { lsn: toLsn, ...from } }
      : { problem: `--to-lsn "${toLsn}" is no position in the WAL, such as 0/3000028` };
  if (toXid !== undefined)
    return XID.test(toXid)
      ? { target: { xid: toXid, ...from } }
      : { problem: `--to-xid "${toXid}" is no transaction's number, as txid_current() gives it` };
  if (toName !== undefined)
    return NAME.test(toName)
      ? { target: { name: toName, ...from } }
      : { problem: `--to-name ${JSON.stringify(toName)} is no restore point's name: 1 to 63 characters of one line` };
  return { target: { ...(immediate ? { immediate } : {}), ...(latest ? { latest } : {}), ...from } as RestoreTarget };
}

const BACKUP = /^base_[0-9A-F]{24}[_0-9A-FD]*$/;
const LSN = /^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/i;
const XID = /^[1-9]\d{0,9}$/;
const NAME = /^\P{Cc}{1,63}$/u;

/** For an object's name. */
export function nameTarget({ time, lsn, xid, latest }: RestoreTarget): string {
  if (time !== undefined) return time.slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
  if (lsn !== undefined) return `lsn-${lsn.replace('/', '-').toLowerCase()}`;
  if (xid !== undefined) return `xid-${xid}`;
  return latest ? 'latest' : 'restored';
}

const TIME = /^(\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/i;

/**
 * A moment in the past, in UTC and to the microsecond as Postgres keeps commit times; or why the text is none.
 * A Date would cut it to milliseconds, and the last transactions of that millisecond would not come back.
 */
export function parseTime(text: string, now: Date): { readonly moment: string } | { readonly problem: string } {
  const [, date, fraction = '', zone] = TIME.exec(text) ?? [];
  const time = new Date(text);
  const problem = (why: string) => ({ problem: `--to-time "${text}" ${why}` });
  // Date takes "5 Z" for a moment of 2001, and the 31st of February for the 3rd of March.
  if (date === undefined || Number.isNaN(time.getTime()) || !isDay(date)) {
    return problem(`is no time; write RFC 3339, such as ${now.toISOString()}`);
  }
  if (zone === undefined) return problem('has no time zone; add Z or an offset such as +02:00');
  if (time > now) return problem(`is in the future; the server here says ${now.toISOString()}`);
  return { moment: time.toISOString().replace(/\.\d+Z$/, `${fraction}Z`) };
}

function isDay(date: string): boolean {
  return new Date(`${date}T00:00:00Z`).toISOString().startsWith(date);
}
