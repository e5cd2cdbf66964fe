// Validates a BackupPolicy against its schema; errors are field paths with what is accepted. Room: policy (pure).
import { Ajv, type ErrorObject } from 'ajv';
import { type BackupPolicySpec, backupPolicySpecSchema, type CompletePolicySpec } from '../api/backup-policy.ts';
import type { Reason } from '../lib/reason.ts';
import { toReason } from './schema-reasons.ts';

// Compiling takes 3 ms, validating microseconds: once per process. `format: date-time` is left to the API server.
const validate = new Ajv({ allErrors: true, strict: false, verbose: true }).compile(backupPolicySpecSchema);
const complete = new Ajv({ useDefaults: true, strict: false }).compile(backupPolicySpecSchema);

/** Nobody corrects more at a time, and no answer to an API server should grow with what it was sent. */
const MOST_REASONS = 20;

/** The spec if it is valid, else one reason for each error, of which the first twenty are told. */
export function parsePolicySpec(spec: unknown): BackupPolicySpec | readonly Reason[] {
  if (validate(spec)) return spec as BackupPolicySpec;
  return dropEchoes(validate.errors ?? [])
    .slice(0, MOST_REASONS)
    .map(toReason);
}

/**
 * What says nothing new: a field that is not known is counted, too, where some number of fields is wanted; and what is of
 * another type is none of the values that a field may have.
 */
function dropEchoes(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const placesOf = (keyword: string) =>
    new Set(errors.filter((error) => error.keyword === keyword).map(({ instancePath }) => instancePath));
  const [unknown, values] = [placesOf('additionalProperties'), placesOf('enum')];
  return errors.filter(({ keyword, instancePath }) => {
    if (keyword === 'type') return !values.has(instancePath);
    return !/^m..Properties$/.test(keyword) || !unknown.has(instancePath);
  });
}

/** A copy of a valid spec with every default filled in, as an API server does it. */
export function completePolicySpec(spec: BackupPolicySpec): CompletePolicySpec {
  const copy = structuredClone(spec);
  complete(copy);
  return copy as CompletePolicySpec;
}
