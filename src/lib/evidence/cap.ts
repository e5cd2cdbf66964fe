// What a check saw may be a whole table; the record is to be read by people, and below its limit. Room: lib (pure).
import type { EvidenceRecord } from '../../api/evidence.ts';

/** Characters of one answer. */
const LIMITS = [4096, 256] as const;

/** Shortened answers, commands and messages, and said where: by so much that the record fits, if that is enough. */
export function capEvidence<T extends Omit<EvidenceRecord, 'id' | 'previous'>>(record: T, maxLength: number): T {
  let capped = record;
  for (const limit of LIMITS) {
    capped = shorten(record, limit);
    if (JSON.stringify(capped).length <= maxLength) break;
  }
  return capped;
}

function shorten<T extends Omit<EvidenceRecord, 'id' | 'previous'>>(record: T, limit: number): T {
  const cut = (text: string) =>
    text.length <= limit ? text : `${text.slice(0, limit).toWellFormed()} ... (${text.length - limit} characters more)`;
  return {
    ...record,
    message: cut(record.message),
    phases: record.phases.map(({ command, ...phase }) =>
      command === undefined ? phase : { ...phase, command: cut(command) },
    ),
    checks: record.checks.map(({ expected, ...check }) => ({
      ...check,
      seen: cut(check.seen),
      ...(expected === undefined ? {} : { expected: cut(expected) }),
    })),
  };
}
