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

/** What is remembered of the last good one for as long as there is none after it. */
export const goodDrillSchema = {
  type: 'object',
  required: ['name', 'finishedAt'],
  properties: {
    name: drillResultSchema.properties.name,
    finishedAt: drillResultSchema.properties.finishedAt,
    rtoSeconds: drillResultSchema.properties.rtoSeconds,
    achievedRpoSeconds: drillResultSchema.properties.achievedRpoSeconds,
    evidence: drillResultSchema.properties.evidence,
  },
} as const;

/** The last one of the database, whatever came of it. */
export const lastDrillSchema = {
  ...goodDrillSchema,
  required: ['name', 'finishedAt', 'result'],
  properties: { ...goodDrillSchema.properties, result: drillResultSchema.properties.result },
} as const;

export type DrillResult = FromSchema<typeof drillResultSchema>;
export type GoodDrill = FromSchema<typeof goodDrillSchema>;
export type LastDrill = FromSchema<typeof lastDrillSchema>;
