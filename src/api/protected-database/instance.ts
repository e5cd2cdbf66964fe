// One database pod in the status: what its sidecar says, and what its companions made. Room: api (pure).
import { drillResultSchema, goodDrillSchema } from './drill.ts';
import { backupSchema, dumpSchema, failedRunSchema, inventorySchema, pruneSchema, verificationSchema } from './runs.ts';

const archiverSchema = {
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
} as const;

const storageProbeSchema = {
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
      enum: [
        'CredentialsMissing',
        'KeyMissing',
        'NotReadable',
        'NotWritable',
        'OwnedByAnother',
        'KeyChanged',
        'LeftByRestore',
      ],
    },
    message: { type: 'string' },
  },
} as const;

export const instanceSchema = {
  type: 'object',
  required: ['pod'],
  properties: {
    pod: { type: 'string' },
    node: { type: 'string' },
    clusterId: {
      type: 'string',
      description:
        "Which Postgres cluster: pg_control's system identifier; behind a dash the restore that made it, where one did.",
    },
    storagePrefix: { type: 'string', description: 'Where this very cluster archives.' },
    inRecovery: { type: 'boolean' },
    archiver: archiverSchema,
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
    lastDrills: {
      type: 'array',
      description: 'The last run of each drill of the policy, by name.',
      items: drillResultSchema,
    },
    lastSuccessfulDrill: goodDrillSchema,
    storage: storageProbeSchema,
    message: { type: 'string', description: 'Why this pod could not be asked, when it could not.' },
  },
} as const;
