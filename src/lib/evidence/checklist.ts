// The form of the quarterly drill: what the run shows by itself is filled in, what only people know is left blank.
// Room: lib (pure).
import type { EvidenceCheck } from '../../api/evidence.ts';
import { describeTarget, type Figure, recoveryPoint, recoveryTime } from './figures.ts';
import { type JudgedRecord, SEAL_WORDS } from './judged.ts';

/** unknown: the run does not show it. A box is ticked for `yes` alone. */
export interface ChecklistItem {
  readonly question: string;
  readonly answer: 'yes' | 'no' | 'unknown';
  readonly detail: string;
}

/** To be filled in by hand. */
export const BLANKS = [
  'Took part (names and roles)',
  'Runbook that was followed, and where it was left',
  'Problems found, each with an owner and a date',
  'Are the objectives still what the business needs?',
  'Next drill planned for',
  'Approved by, date, signature',
] as const;

/** Of the files themselves; all other checks are of what is in them. */
const FILE_CHECKS = /^(?:control-file|pg_control|checksums?|amcheck)\b/;

export function fillChecklist({ record, seal, joint }: JudgedRecord): ChecklistItem[] {
  const { recovery, outcome, versions, target, database } = record;
  const ran = (name: string) => record.phases.some((phase) => phase.name === name);
  const wrote = recovery?.rtoSeconds !== undefined;
  const files = record.checks.filter(({ name }) => FILE_CHECKS.test(name));
  const data = record.checks.filter(({ name }) => !FILE_CHECKS.test(name));
  return [
    {
      question: 'A base backup was fetched from the store',
      answer: ran('fetch') && recovery ? 'yes' : 'unknown',
      detail: recovery ? `${recovery.baseBackup} of ${database.storagePrefix}` : 'the record names no base backup',
    },
    {
      question: 'Postgres replayed the WAL up to the target, and took writes',
      answer: wrote ? 'yes' : outcome === 'failed' ? 'no' : 'unknown',
      detail: `asked for: ${target.asked}; stopped at: ${describeTarget(target)}`,
    },
    ofFigure('It took no longer than the recovery time objective', recoveryTime(record)),
    ofFigure('No more was lost than the recovery point objective', recoveryPoint(record)),
    ofChecks('The data files are sound', files),
    ofChecks('The data are there and answer as expected', data),
    {
      question: 'Server and image are known',
      answer: versions.postgres !== undefined && versions.image !== undefined ? 'yes' : 'unknown',
      detail: `Postgres ${versions.postgres ?? 'not known'}, image ${versions.image ?? 'not known'}`,
    },
    {
      question: 'The record is signed, and its chain is whole up to here',
      answer: seal === 'good' && joint.isWhole ? 'yes' : 'no',
      detail: `${SEAL_WORDS[seal]}; ${joint.says}`,
    },
    {
      question: 'The drill passed',
      answer: outcome === 'passed' ? 'yes' : outcome === 'failed' ? 'no' : 'unknown',
      detail: record.message,
    },
  ];
}

const FIGURE_ANSWERS = { met: 'yes', missed: 'no', unknown: 'unknown', none: 'unknown' } as const;

function ofFigure(question: string, { state, measured, objective }: Figure): ChecklistItem {
  return { question, answer: FIGURE_ANSWERS[state], detail: `measured: ${measured}; objective: ${objective}` };
}

/**
 * | checks                   | answer  |
 * | none, or all skipped     | unknown |
 * | one failed               | no      |
 * | none failed, one unknown | unknown |
 * | passed, some skipped     | yes     |
 */
function ofChecks(question: string, checks: readonly EvidenceCheck[]): ChecklistItem {
  const count = (result: EvidenceCheck['result']) => checks.filter((check) => check.result === result).length;
  const counts = (['passed', 'failed', 'unknown', 'skipped'] as const)
    .filter((result) => count(result) > 0)
    .map((result) => `${count(result)} ${result}`);
  const answer = count('failed') > 0 ? 'no' : count('unknown') > 0 || count('passed') === 0 ? 'unknown' : 'yes';
  const names = checks.map(({ name, result }) => (result === 'passed' ? name : `${name} (${result})`));
  return {
    question,
    answer,
    detail: counts.length === 0 ? 'no such check ran' : `${counts.join(', ')}: ${names.join(', ')}`,
  };
}
