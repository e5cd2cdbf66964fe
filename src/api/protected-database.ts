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
    kind: { type: 'string', enum: ['full', 'delta'] },
  },
} as const;

/** A stretch of time of which any moment can be restored; a gap in the WAL ends one. */
export const recoveryWindowSchema = {
  type: 'object',
  required: ['from'],
  properties: {
    from: { type: 'string', format: 'date-time' },
    to: { type: 'string', format: 'date-time', description: 'Absent: it goes on.' },
    baseBackups: { type: 'integer', description: 'Base backups from which it can be restored.' },
  },
} as const;

/** What the store held below one cluster's prefix when a job listed it. Sizes in bytes. */
export const inventorySchema = {
  type: 'object',
  required: ['listedAt', 'baseBackups', 'fullBackups', 'recoveryWindows'],
  properties: {
    listedAt: { type: 'string', format: 'date-time' },
    baseBackups: { type: 'integer' },
    fullBackups: { type: 'integer' },
    backupBytes: { type: 'integer', format: 'int64' },
    walBytes: { type: 'integer', format: 'int64' },
    walSegments: { type: 'integer', format: 'int64' },
    recoveryWindows: { type: 'array', description: 'The newest ones, oldest first.', items: recoveryWindowSchema },
  },
} as const;

/** One run of a companion that came to its end. */
const run = {
  finishedAt: { type: 'string', format: 'date-time' },
  job: { type: 'string' },
} as const;

const failedRunSchema = {
  type: 'object',
  required: ['finishedAt', 'message'],
  properties: { ...run, message: { type: 'string' } },
} as const;

export const verificationSchema = {
  type: 'object',
  required: ['finishedAt', 'result', 'findings'],
  properties: {
    ...run,
    result: { type: 'string', enum: ['passed', 'failed'] },
    findings: {
      type: 'array',
      items: {
        type: 'object',
        required: ['code', 'message'],
        properties: { code: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
} as const;

export const dumpSchema = {
  type: 'object',
  required: ['name', 'finishedAt'],
  properties: {
    name: { type: 'string' },
    startedAt: { type: 'string', format: 'date-time' },
    ...run,
    bytes: { type: 'integer', format: 'int64' },
    databases: { type: 'integer' },
    tables: { type: 'integer' },
    rows: { type: 'integer', format: 'int64' },
    shrank: {
      type: 'string',
      description: 'How much smaller it is than the one before: it is complete, and somebody should look at the data.',
    },
    warning: { type: 'string', description: 'What else went wrong, though the dump is good.' },
  },
} as const;

export const pruneSchema = {
  type: 'object',
  required: ['finishedAt', 'kept', 'removed'],
  properties: {
    ...run,
    kept: { type: 'integer', description: 'Base backups that stayed.' },
    removed: { type: 'integer', description: 'Base backups that went.' },
    next: {
      type: 'array',
      description: 'A dry run: base backups that go when one more good one has been made.',
      items: { type: 'string' },
    },
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
        waitingSince: { type: 'string', format: 'date-time', description: 'When the oldest of them was closed.' },
        walBytes: { type: 'integer', format: 'int64', description: 'Size of pg_wal.' },
        volumeBytes: { type: 'integer', format: 'int64', description: 'Size of the volume that holds pg_wal.' },
        volumeFreeBytes: { type: 'integer', format: 'int64', description: 'Free space of that volume.' },
        secondsToFull: {
          type: 'integer',
          format: 'int64',
          description: 'When the volume will be full if WAL keeps waiting as it does; absent while it does not.',
        },
        droppedAt: {
          type: 'string',
          format: 'date-time',
          description: 'When WAL was let go, as onStorageFull says; absent once a base backup has been made after it.',
        },
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
    lastFailedBackup: failedRunSchema,
    inventory: inventorySchema,
    lastVerification: verificationSchema,
    lastFailedVerification: { ...failedRunSchema, description: 'A run that could not find out.' },
    lastPrune: pruneSchema,
    lastFailedPrune: failedRunSchema,
    lastDump: dumpSchema,
    lastFailedDump: failedRunSchema,
    storage: {
      type: 'object',
      description:
        'What the sidecar finds out about the store on a timer: with which credentials, and does it read and write?',
      required: ['checkedAt', 'readable', 'writable'],
      properties: {
        checkedAt: { type: 'string', format: 'date-time' },
        readable: { type: 'boolean' },
        writable: { type: 'boolean' },
        reason: {
          type: 'string',
          description: 'What is wrong, if anything is.',
          enum: ['CredentialsMissing', 'KeyMissing', 'NotReadable', 'NotWritable', 'OwnedByAnother', 'KeyChanged'],
        },
        message: { type: 'string' },
      },
    },
    message: { type: 'string', description: 'Why this pod could not be asked, when it could not.' },
  },
} as const;

export const protectedDatabaseStatusSchema = {
  type: 'object',
  properties: {
    updatedAt: {
      type: 'string',
      format: 'date-time',
      description: 'When this was written: all else in it is as it was then, counters of a healthy database included.',
    },
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
    recoveryWindows: {
      type: 'array',
      description: 'Of which any moment can be restored, oldest first: of several clusters what they have in common.',
      items: recoveryWindowSchema,
    },
    nextRuns: {
      type: 'object',
      description: 'When each companion runs next.',
      properties: {
        baseBackup: { type: 'string', format: 'date-time' },
        verify: { type: 'string', format: 'date-time' },
        prune: { type: 'string', format: 'date-time' },
        dump: { type: 'string', format: 'date-time' },
      },
    },
    lastSuccessfulBackup: { type: 'string', format: 'date-time' },
    lastArchivedWalTime: { type: 'string', format: 'date-time' },
  },
} as const;

/** Reason of the conditions of a database whose StatefulSet is gone, or names no policy any more. */
export const NOT_PROTECTED = 'NotProtected';

/** Reason of the condition of a database whose policy does not exist or cannot be carried out. */
export const NOT_RESOLVED = 'NotResolved';

export type Backup = FromSchema<typeof backupSchema>;
export type RecoveryWindow = FromSchema<typeof recoveryWindowSchema>;
export type Inventory = FromSchema<typeof inventorySchema>;
export type Verification = FromSchema<typeof verificationSchema>;
export type Dump = FromSchema<typeof dumpSchema>;
export type Prune = FromSchema<typeof pruneSchema>;
export type FailedRun = FromSchema<typeof failedRunSchema>;
export type StorageProbe = NonNullable<Instance['storage']>;
export type Instance = FromSchema<typeof instanceSchema>;
export type Archiver = NonNullable<Instance['archiver']>;
export type MissingSetting = NonNullable<Archiver['missingSettings']>[number];
export type ProtectedDatabaseStatus = FromSchema<typeof protectedDatabaseStatusSchema>;

export interface ProtectedDatabase extends KubeObject {
  status?: ProtectedDatabaseStatus;
}
