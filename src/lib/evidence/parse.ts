// Text to a record that the rest may trust to be one. Room: lib (pure).
import type { EvidenceRecord, SignedEvidence } from '../../api/evidence.ts';
import { isObject, toStableJson } from '../json.ts';
import { findShapeProblem } from './shape.ts';

/** Of a record's text, in UTF-16 units: what walguard writes is far below it, and what is above it is not looked at. */
export const MAX_RECORD_LENGTH = 1024 * 1024;

export type Parsed<T> = { readonly value: T } | { readonly problem: string };

/** A file of the store, or one entry of a report. What is in `record` is not looked at. */
export function toSigned(value: unknown): Parsed<SignedEvidence> {
  if (!isObject(value) || !Object.hasOwn(value, 'record'))
    return { problem: 'it is no evidence: there is no "record" in it' };
  const { record, signature, publicKey } = value;
  if (typeof record !== 'string') return { problem: '"record" is no text' };
  if (record.length > MAX_RECORD_LENGTH)
    return { problem: `"record" has ${record.length} characters; walguard writes at most ${MAX_RECORD_LENGTH}` };
  if (signature !== undefined && typeof signature !== 'string') return { problem: '"signature" is no text' };
  if (publicKey !== undefined && typeof publicKey !== 'string') return { problem: '"publicKey" is no text' };
  return {
    value: {
      record,
      ...(signature === undefined ? {} : { signature }),
      ...(publicKey === undefined ? {} : { publicKey }),
    },
  };
}

/**
 * The signed text must be the canonical one of its own content: then no reader can find other things in it, such as the first
 * of two equal keys, or a number that another parser rounds.
 */
export function parseRecord(text: string): Parsed<EvidenceRecord> {
  const parsed = parseJson(text);
  if ('problem' in parsed) return { problem: `its record is ${parsed.problem}` };
  const wrong = findShapeProblem(parsed.value);
  if (wrong !== undefined) return { problem: `its record is none: ${wrong}` };
  if (!isCanonical(parsed.value, text))
    return { problem: 'its record is not in canonical form (keys sorted, no white space): not as walguard wrote it' };
  return { value: parsed.value as EvidenceRecord };
}

export function parseJson(text: string): Parsed<unknown> {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return { problem: 'no JSON' };
  }
}

function isCanonical(value: unknown, text: string): boolean {
  try {
    return toStableJson(value) === text;
  } catch (error) {
    // Nested deeper than the stack: no record of ours.
    if (error instanceof RangeError) return false;
    throw error;
  }
}
