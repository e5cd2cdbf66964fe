// ProtectedDatabase: what is true of one StatefulSet's backups, written by the controller, status only. Room: api (pure).
import type { FromSchema } from 'json-schema-to-ts';
import type { KubeObject } from './kubernetes.ts';

export const conditionSchema = {
  type: 'object',
  required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
  properties: {
    type: { type: 'string' },
    status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
    reason: { type: 'string' },
    message: { type: 'string' },
    lastTransitionTime: { type: 'string', format: 'date-time' },
  },
} as const;

/** One finished base backup, as the engine's list and our own job report it. Sizes in bytes. */
export const backupSchema = {
  type: 'object',
  required: ['name', 'finishedAt'],
  properties: {
    name: { type: 'string' },
    startedAt: { type: 'string', format: 'date-time' },
    finishedAt: { type: 'string', format: 'date-time' },
    compressedSize: { type: 'integer', format: 'int64' },
    uncompressedSize: { type: 'integer', format: 'int64' },
    node: { type: 'string', description: 'Node on which the backup ran.' },
    job: { type: 'string' },
  },
} as const;

export const instanceSchema = {
  type: 'object',
  required: ['pod'],
  properties: {
    pod: { type: 'string' },
    node: { type: 'string' },
    systemIdentifier: {
      type: 'string',
      description: "Of pg_control; a string, because it exceeds a double's integers.",
    },
    storagePrefix: { type: 'string', description: 'Where this very cluster archives.' },
    inRecovery: { type: 'boolean' },
    archiver: {
      type: 'object',
      description: 'As pg_stat_archiver and pg_settings say.',
      properties: {
        archiveMode: { type: 'string' },
        archivedCount: { type: 'integer', format: 'int64' },
        failedCount: { type: 'integer', format: 'int64' },
        lastArchivedWal: { type: 'string' },
        lastArchivedTime: { type: 'string', format: 'date-time' },
        lastFailedWal: { type: 'string' },
        lastFailedTime: { type: 'string', format: 'date-time' },
        waiting: { type: 'integer', format: 'int64', description: 'Closed WAL segments that wait to be archived.' },
        missingSettings: {
          type: 'array',
          description: 'What the running Postgres lacks to archive as the policy says.',
          items: { type: 'string', enum: ['archive_mode', 'archive_command', 'archive_timeout'] },
        },
        settingsRemedy: { type: 'string', description: 'What to do about missing settings.' },
      },
    },
    firstRecoverabilityPoint: {
      type: 'string',
      format: 'date-time',
      description:
        'When the first known good base backup of this very cluster was finished: nothing before it can be restored.',
    },
    latestRestorableTime: {
      type: 'string',
      format: 'date-time',
      description:
        'When this pod last archived a WAL segment of this cluster: up to about then it can be restored without it.',
    },
    lastSuccessfulBackup: backupSchema,
    lastFailedBackup: {
      type: 'object',
      required: ['finishedAt', 'message'],
      properties: {
        finishedAt: { type: 'string', format: 'date-time' },
        job: { type: 'string' },
        message: { type: 'string' },
      },
    },
    message: { type: 'string', description: 'Why this pod could not be asked, when it could not.' },
  },
} as const;

export const protectedDatabaseStatusSchema = {
  type: 'object',
  properties: {
    policy: { type: 'string' },
    observedGeneration: { type: 'integer', format: 'int64' },
    conditions: { type: 'array', items: conditionSchema },
    instances: { type: 'array', items: instanceSchema },
    firstRecoverabilityPoint: {
      type: 'string',
      format: 'date-time',
      description:
        'From then on it can be restored: of several clusters the latest one, absent while one of them has no base backup.',
    },
    latestRestorableTime: {
      type: 'string',
      format: 'date-time',
      description: 'Up to then it can be restored from what is archived: of several clusters the earliest one.',
    },
    lastSuccessfulBackup: { type: 'string', format: 'date-time' },
    lastArchivedWalTime: { type: 'string', format: 'date-time' },
  },
} as const;

/** Reason of the conditions of a database whose StatefulSet is gone, or names no policy any more. */
export const NOT_PROTECTED = 'NotProtected';

export type Backup = FromSchema<typeof backupSchema>;
export type Instance = FromSchema<typeof instanceSchema>;
export type Archiver = NonNullable<Instance['archiver']>;
export type MissingSetting = NonNullable<Archiver['missingSettings']>[number];
export type ProtectedDatabaseStatus = FromSchema<typeof protectedDatabaseStatusSchema>;

export interface ProtectedDatabase extends KubeObject {
  status?: ProtectedDatabaseStatus;
}
