// What the copy's own log tells of its recovery: lines of Postgres with lc_messages=C. Room: lib (pure).

export interface RecoveryLog {
  /** WAL is read from here on. */
  hasRedoStarted: boolean;
  /** That it writes after recovery. */
  newTimeline?: number;
  /** Why a record was taken for the end of the WAL. */
  damage?: string;
  /** The last lines that say why it ended. */
  readonly errors: string[];
}

const MAX_ERRORS = 4;
const MAX_LINE = 400;

/** Of xlogreader.c and xlogrecovery.c: WAL that is there, and is not what should be there. */
const DAMAGE =
  /incorrect resource manager data checksum|incorrect prev-link|invalid record (offset|length)|record with (invalid|incorrect)|invalid resource manager ID|invalid magic number|invalid info bits|invalid contrecord|no contrecord flag|unexpected pageaddr|out-of-sequence timeline|WAL file is from different|incorrect XLOG_BLCKSZ|archive file .* has wrong size|invalid (data )?length|could not decompress image/;

export function createRecoveryLog(): RecoveryLog {
  return { hasRedoStarted: false, errors: [] };
}

export function readLogLine(log: RecoveryLog, line: string): void {
  if (/ LOG: {2}redo (starts at|is not required)/.test(line)) log.hasRedoStarted = true;
  const [, timeline] = / selected new timeline ID: (\d+)/.exec(line) ?? [];
  if (timeline !== undefined) log.newTimeline = Number(timeline);
  const text = line.replace(/^\S+ \S+ UTC (LOG|FATAL|PANIC|ERROR): {2}/, '').slice(0, MAX_LINE);
  if (DAMAGE.test(line)) log.damage ??= text;
  // Whoever asks before it lets in is told so each time.
  const isRefusal = /the database system is (starting up|not yet|not accepting|shutting down|in recovery)/.test(line);
  if (isRefusal || !/ (FATAL|PANIC): |^walguard: |terminated by signal/.test(line)) return;
  log.errors.push(text);
  if (log.errors.length > MAX_ERRORS) log.errors.shift();
}

/** `1\t0/5000000\tno recovery target specified`: where the newest timeline of a .history file leaves the one before it. */
export function readEndOfHistory(text: string): string | undefined {
  const last = text.split('\n').findLast((line) => /^\d+\s/.test(line));
  return last?.trim().split(/\s+/)[1];
}
