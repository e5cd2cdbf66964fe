// Statements of the user's own that the copy must answer as expected. Room: lib (pure).
import type { EvidenceCheck } from '../../api/evidence.ts';

export interface UserCheck {
  readonly name: string;
  readonly database: string;
  /** One statement. */
  readonly sql: string;
  /** Its one value, as text. */
  readonly expect: string;
}

/**
 * One entry of a ConfigMap: YAML or JSON, already read, `{database?, sql, expect}`. A number or a boolean that is expected is taken
 * as it is written in JSON.
 *
 * @throws Error in words that say what is wrong where
 */
export function toUserCheck(name: string, value: unknown): UserCheck {
  const { database = 'postgres', sql, expect, ...others } = (value ?? {}) as Record<string, unknown>;
  const unknown = Object.keys(others);
  if (typeof value !== 'object' || Array.isArray(value) || unknown.length > 0)
    throw new Error(
      `${name} must hold database, sql and expect${unknown.length > 0 ? `, not ${unknown.slice(0, 3).join(', ')}` : ''}`,
    );
  if (typeof sql !== 'string' || sql.trim() === '') throw new Error(`${name}.sql must be one statement`);
  if (typeof database !== 'string') throw new Error(`${name}.database must be a name`);
  if (!['string', 'number', 'boolean'].includes(typeof expect))
    throw new Error(`${name}.expect must be the value as text`);
  return { name, database, sql, expect: typeof expect === 'string' ? expect : JSON.stringify(expect) };
}

/** Values of a statement's first column, as Postgres writes them; null for NULL. */
export type Answer =
  | { readonly columns: number; readonly values: readonly (string | null)[] }
  | { readonly error: string };

const MAX_SEEN = 500;

/**
 * | answer                 | result |
 * | an error               | failed |
 * | not one row            | failed |
 * | not one column         | failed |
 * | another value, NULL    | failed |
 * | the expected one       | passed |
 */
export function judgeAnswer(
  { expect }: UserCheck,
  answer: Answer,
): Pick<EvidenceCheck, 'result' | 'expected' | 'seen'> {
  const expected = expect.slice(0, MAX_SEEN);
  if ('error' in answer) return { result: 'failed', expected, seen: answer.error.slice(0, MAX_SEEN) };
  const [value] = answer.values;
  if (answer.values.length !== 1 || answer.columns !== 1 || value === undefined) {
    const seen = `${answer.values.length} rows of ${answer.columns} columns, where one value is asked for`;
    return { result: 'failed', expected, seen };
  }
  const seen = value === null ? 'NULL' : value.slice(0, MAX_SEEN);
  return { result: value === expect ? 'passed' : 'failed', expected, seen };
}
