// ProtectedDatabase: what is true of one StatefulSet's backups, written by the controller, status only. Room: api (pure).
import type { FromSchema } from 'json-schema-to-ts';
import type { KubeObject } from './kubernetes.ts';
import { lastDrillSchema } from './protected-database/drill.ts';
import { instanceSchema } from './protected-database/instance.ts';
import {
  type backupSchema,
  type dumpSchema,
  type failedRunSchema,
  type inventorySchema,
  type pruneSchema,
  recoveryWindowSchema,
  type verificationSchema,
} from './protected-database/runs.ts';

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
        drill: { type: 'string', format: 'date-time' },
      },
    },
    lastSuccessfulBackup: { type: 'string', format: 'date-time' },
    lastDrill: lastDrillSchema,
    lastSuccessfulDrill: {
      type: 'string',
      format: 'date-time',
      description:
        'When a restore was last shown to work: of several clusters the earliest one, absent while one of them has none.',
    },
    drillsSince: {
      type: 'string',
      format: 'date-time',
      description: 'Since when its policy asks for drills: before the first one is due, none is missing.',
    },
    drillNamespaces: {
      type: 'array',
      description: 'Other namespaces in which drills of it are to run, by its policy.',
      items: { type: 'string' },
    },
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
