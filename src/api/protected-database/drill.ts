// ProtectedDatabase, of one instance: the last runs of its drills. Room: api (pure).
import type { FromSchema } from 'json-schema-to-ts';

/** One drill that came to an end. Unknown: it could not run, so it says nothing about the backups. */
export const drillResultSchema = {
  type: 'object',
  required: ['name', 'finishedAt', 'result', 'message'],
  properties: {
    name: { type: 'string', description: 'Of the drill in the policy.' },
    startedAt: { type: 'string', format: 'date-time' },
    finishedAt: { type: 'string', format: 'date-time' },
    job: { type: 'string' },
    result: { type: 'string', enum: ['passed', 'failed', 'unknown'] },
    message: { type: 'string' },
    target: { type: 'string', description: 'What recovery was told to stop at, in words.' },
    baseBackup: { type: 'string', description: 'Or the name of the dump.' },
    lastTransactionAt: { type: 'string', format: 'date-time', description: 'Of what came back.' },
    rtoSeconds: {
      type: 'number',
      description: 'From the beginning of the fetch until the copy took writes.',
    },
    achievedRpoSeconds: {
      type: 'number',
      description: 'How old the last transaction that came back was; of drills to the end of the archive alone.',
    },
    checks: { type: 'integer', description: 'How many were made.' },
    failedChecks: { type: 'array', items: { type: 'string' } },
    evidence: { type: 'string', description: 'Id of its record in the store; absent where that could not be written.' },
  },
} as const;

export type DrillResult = FromSchema<typeof drillResultSchema>;
