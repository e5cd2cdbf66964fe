// Validates a BackupPolicy against its schema; errors are field paths with what is accepted. Room: policy (pure).
import { Ajv, type ErrorObject } from 'ajv';
import { type BackupPolicySpec, backupPolicySpecSchema } from '../api/backup-policy.ts';
import type { Reason } from '../lib/reason.ts';

// Compiling takes 3 ms, validating microseconds: once per process. `format: date-time` is left to the API server.
const validate = new Ajv({ allErrors: true, strict: false }).compile(backupPolicySpecSchema);

/** The spec if it is valid, else one refusal for each error. */
export function parsePolicySpec(name: string, spec: unknown): BackupPolicySpec | readonly Reason[] {
  if (validate(spec)) return spec as BackupPolicySpec;
  return (validate.errors ?? []).map((error) => toReason(name, error));
}

function toReason(name: string, { instancePath, params, message }: ErrorObject): Reason {
  const { missingProperty, additionalProperty, allowedValues } = params;
  const property = missingProperty ?? additionalProperty;
  const path = instancePath.replaceAll('/', '.') + (property === undefined ? '' : `.${property}`);
  const refusal = { code: 'policy-invalid', field: `BackupPolicy/${name} spec${path}` };
  if (missingProperty !== undefined) return { ...refusal, seen: 'missing', remedy: 'Add it.' };
  if (additionalProperty !== undefined) {
    return { ...refusal, seen: 'no field of a BackupPolicy', remedy: 'Correct its name, or remove it.' };
  }
  const allowed = allowedValues ? `: ${allowedValues.join(', ')}` : '';
  return { ...refusal, seen: 'not as the schema has it', remedy: `It ${message}${allowed}.` };
}
