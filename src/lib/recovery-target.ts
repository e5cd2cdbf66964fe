// What a recovery stops at: as a user names it, and as Postgres takes it. Room: lib (pure).
import type { RestoreTarget } from '../api/restore.ts';

/** Exactly one of them. Times are RFC 3339 with up to six digits of a second. */
export type RecoveryTarget =
  | { readonly time: string }
  | { readonly lsn: string }
  | { readonly xid: string }
  | { readonly name: string }
  | { readonly immediate: true }
  | { readonly latest: true };

/** A base backup alone is restored to its own end. */
export function stopOf({ time, lsn, xid, name, latest }: RestoreTarget): RecoveryTarget {
  if (time !== undefined) return { time };
  if (lsn !== undefined) return { lsn: lsn.toUpperCase() };
  if (xid !== undefined) return { xid };
  if (name !== undefined) return { name };
  return latest ? { latest } : { immediate: true };
}

/** In a few words, as the object of "restored to". */
export function describeTarget(target: RestoreTarget): string {
  const from = target.backup === undefined ? '' : `base backup ${target.backup}`;
  const stop = describeStop(stopOf(target));
  if (from === '') return stop;
  return 'immediate' in stopOf(target) ? `the end of ${from}` : `${stop}, from ${from}`;
}

function describeStop(stop: RecoveryTarget): string {
  if ('time' in stop) return stop.time;
  if ('lsn' in stop) return `LSN ${stop.lsn}`;
  if ('xid' in stop) return `transaction ${stop.xid}`;
  if ('name' in stop) return `restore point "${stop.name}"`;
  return 'latest' in stop ? 'the end of the archived WAL' : 'the end of the newest base backup';
}

const RFC3339 = /^(\d{4}-\d{2}-\d{2})[t ](\d{2}:\d{2}:\d{2})(?:\.(\d+))?(z|[+-]\d{2}:\d{2})$/i;

export function isRfc3339(text: string): boolean {
  return RFC3339.test(text) && !Number.isNaN(Date.parse(text));
}

/** Microseconds since 1970, as Postgres keeps commit times; what is finer is cut off. @throws Error for what is no RFC 3339 time */
export function toMicroseconds(text: string): bigint {
  const [, date, time, fraction = '', zone] = RFC3339.exec(text) ?? [];
  const whole = Date.parse(`${date}T${time}${zone}`);
  if (Number.isNaN(whole)) throw new Error(`"${text}" is no RFC 3339 time`);
  return BigInt(whole) * 1000n + BigInt(fraction.slice(0, 6).padEnd(6, '0'));
}

/** RFC 3339 in UTC with six digits of a second. */
export function fromMicroseconds(microseconds: bigint): string {
  const second = microseconds / 1_000_000n;
  const rest = String(microseconds % 1_000_000n).padStart(6, '0');
  return `${new Date(Number(second) * 1000).toISOString().slice(0, 19)}.${rest}Z`;
}
