// Validates a BackupPolicy against its schema; errors are field paths with what is accepted. Room: policy (pure).
import { Ajv, type ErrorObject } from 'ajv';
import { type BackupPolicySpec, backupPolicySpecSchema } from '../api/backup-policy.ts';
import type { Refusal } from '../lib/refusal.ts';

// Compiling takes 3 ms, validating microseconds: once per process. `format: date-time` is left to the API server.
const validate = new Ajv({ allErrors: true, strict: false }).compile(backupPolicySpecSchema);

/** The spec if it is valid, else one refusal for each error. */
export function parsePolicySpec(name: string, spec: unknown): BackupPolicySpec | readonly Refusal[] {
  if (validate(spec)) return spec as BackupPolicySpec;
  return (validate.errors ?? []).map((error) => toRefusal(name, error));
}

function toRefusal(name: string, { instancePath, params, message }: ErrorObject): Refusal {
  const property = params.additionalProperty ?? params.missingProperty;
  const path = instancePath.replaceAll('/', '.') + (property === undefined ? '' : `.${property}`);
  return {
    code: 'policy-invalid',
    field: `BackupPolicy/${name} spec${path}`,
    seen: 'not as the schema has it',
    remedy: `It ${message}${params.allowedValues ? `: ${params.allowedValues.join(', ')}` : ''}.`,
  };
}
