// "The backup is bad" or "the drill could not run": what a drill that broke off says. Room: lib (pure).
import type { EvidenceCheck, EvidenceOutcome } from '../../api/evidence.ts';

export interface Trouble {
  /** What the program that failed said last, or what was found. */
  readonly message: string;
  /** Nothing of the backups ended it: its deadline, somebody from outside, the other container. */
  readonly isEndedFromOutside: boolean;
  /** The store, asked after it. */
  readonly storeAnswers: boolean;
  /** Of the disposable volume, in bytes; absent where that is not known. */
  readonly freeBytes?: number;
}

/** By the system, the kernel and both engines. */
const NO_SPACE = /No space left on device|disk quota exceeded|os error 28\b|ENOSPC|EDQUOT/i;

/** Of a store that cannot be asked, or does not let in. What it answers about one object that is not there is not among them. */
const NO_STORE =
  /connection (refused|reset|closed|aborted)|error sending request|tcp connect|dns error|no such host|failed to lookup|network is unreachable|no route to host|timed? ?out|deadline|\b50[0-4]\b|SlowDown|ServiceUnavailable|RequestTimeout|InternalError|AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|no storage credentials/i;

/** Signal 9: out of memory, or by hand. 137 is what a shell makes of it. */
const KILLED = /\bcode 137\b|terminated by signal 9\b/;

/** Below it what failed next to it proves nothing: Postgres makes a whole WAL segment at a time. */
const FULL_BYTES = 32 * 1024 * 1024;

/**
 * | ended from outside | killed | volume full | the store's own trouble | store answers now | outcome |
 * | yes                |        |             |                         |                   | unknown |
 * | no                 | yes    |             |                         |                   | unknown |
 * | no                 | no     | yes         |                         |                   | unknown |
 * | no                 | no     | no          | yes                     |                   | unknown |
 * | no                 | no     | no          | no                      | no                | unknown |
 * | no                 | no     | no          | no                      | yes               | failed  |
 */
export function judgeTrouble({ message, isEndedFromOutside, storeAnswers, freeBytes }: Trouble): EvidenceOutcome {
  if (isEndedFromOutside || KILLED.test(message)) return 'unknown';
  if (isFull(message, freeBytes)) return 'unknown';
  return NO_STORE.test(message) || !storeAnswers ? 'unknown' : 'failed';
}

function isFull(message: string, freeBytes = Number.POSITIVE_INFINITY): boolean {
  return NO_SPACE.test(message) || freeBytes < FULL_BYTES;
}

/** What was brought back. */
type Source = 'baseBackup' | 'dump';

const RENEW: Readonly<Record<Source, string>> = {
  baseBackup: 'Take a base backup now, and see what the verification of this database says.',
  dump: 'Take a dump now, and drill that.',
};

/** What to do about it, after what was seen. */
export function adviseTrouble(trouble: Trouble, source: Source): string {
  const { message, isEndedFromOutside, storeAnswers, freeBytes } = trouble;
  if (judgeTrouble(trouble) === 'failed') return RENEW[source];
  if (isFull(message, freeBytes))
    return 'The disposable volume is full: it is as large as the claim of the database, so enlarge that.';
  if (isEndedFromOutside || KILLED.test(message)) return 'It says nothing about the backups; run the drill again.';
  return storeAnswers && !NO_STORE.test(message)
    ? 'Run the drill again.'
    : 'It says nothing about the backups; see that the store answers, and run the drill again.';
}

/**
 * | a check failed | a check is unknown | outcome |
 * | yes            |                    | failed  |
 * | no             | yes                | unknown |
 * | no             | no                 | passed  |
 */
export function judgeChecks(checks: readonly Pick<EvidenceCheck, 'result'>[]): EvidenceOutcome {
  const has = (wanted: EvidenceCheck['result']) => checks.some(({ result }) => result === wanted);
  if (has('failed')) return 'failed';
  return has('unknown') ? 'unknown' : 'passed';
}

/** Looks at the data themselves, which may be damaged where they came from. */
const DATA = ['rows', 'amcheck', 'checksums', 'databases'];

/**
 * | failed                          | what to do                             |
 * | none                            | nothing                                |
 * | statements of the user's alone  | look at statement and data             |
 * | a look at the data themselves   | look at the database itself, and renew |
 * | anything else                   | renew                                  |
 */
export function adviseChecks(checks: readonly Pick<EvidenceCheck, 'name' | 'result'>[], source: Source): string {
  const failed = checks.filter(({ result }) => result === 'failed').map(({ name }) => name);
  if (failed.length === 0) return '';
  if (failed.every((name) => name.startsWith('sql:'))) return 'See whether the statement or the data are wrong.';
  if (!failed.some((name) => DATA.includes(name))) return RENEW[source];
  return `The database itself may have the damage: look there by amcheck and pg_checksums. ${RENEW[source]}`;
}
