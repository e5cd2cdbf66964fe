// status of a Restore: how far it is, what it reads, and what came of it. Room: api (pure).
import { conditionSchema } from '../protected-database.ts';

/** Those in which something is done. */
export const WORKING_PHASES = ['Fetching', 'Stopping', 'Replaying', 'PuttingBack', 'Starting'] as const;
export const RESTORE_PHASES = [...WORKING_PHASES, 'Completed', 'Failed'] as const;

export const IN_PLACE_STEPS = [
  'Looking',
  'Stopping',
  'TakingPlace',
  'Replaying',
  'PuttingBack',
  'StartingAgain',
] as const;

export const inPlaceSchema = {
  type: 'object',
  description: 'How far a restore in place is, for whoever goes on with it.',
  required: ['step', 'replicas'],
  properties: {
    step: { type: 'string', enum: IN_PLACE_STEPS },
    replicas: { type: 'integer', description: 'Of the StatefulSet, before it was scaled to 0.' },
    aside: { type: 'string', description: 'Where the old data are kept.' },
    made: { type: 'string', description: 'Where what was restored is kept, once it has made way again.' },
    why: { type: 'string', description: 'What the old data are put back for.' },
    undoes: {
      type: 'object',
      description: 'Which restore is undone: it may be deleted meanwhile.',
      additionalProperties: false,
      required: ['name', 'uid', 'incarnation'],
      properties: { name: { type: 'string' }, uid: { type: 'string' }, incarnation: { type: 'string' } },
    },
  },
} as const;

export const planSchema = {
  type: 'object',
  description: 'What it reads. Sizes in bytes.',
  required: ['baseBackup', 'target', 'fetchBytes', 'dataBytes'],
  properties: {
    baseBackup: { type: 'string' },
    target: { type: 'string', description: 'What recovery stops at, in words.' },
    fetchBytes: {
      type: 'integer',
      format: 'int64',
      description: 'Of the base backup, and of those that it builds on, in the store.',
    },
    dataBytes: { type: 'integer', format: 'int64', description: 'Of the data directory, about.' },
    walFrom: { type: 'string' },
    walTo: { type: 'string', description: 'As far as is known: there may be more when it gets there.' },
    walSegments: { type: 'integer' },
    walBytes: { type: 'integer', format: 'int64' },
    estimatedSeconds: {
      type: 'integer',
      format: 'int64',
      description: 'Of fetch and replay, by what the newest drills and restores took; absent where none was measured.',
    },
  },
} as const;

export const dumpSchema = {
  type: 'object',
  description: 'The dump that it loads. Sizes in bytes.',
  required: ['name', 'startedAt', 'bytes', 'dataBytes', 'databases', 'tables', 'rows'],
  properties: {
    name: { type: 'string' },
    startedAt: { type: 'string', format: 'date-time', description: 'What comes back is as it was then.' },
    bytes: { type: 'integer', format: 'int64', description: 'Of its files in the store.' },
    dataBytes: { type: 'integer', format: 'int64', description: 'Of its databases, when it was made.' },
    databases: { type: 'integer' },
    tables: { type: 'integer' },
    rows: { type: 'integer', format: 'int64' },
  },
} as const;

export const restoreStatusSchema = {
  type: 'object',
  properties: {
    phase: { type: 'string', enum: RESTORE_PHASES },
    message: { type: 'string' },
    phases: {
      type: 'array',
      description: 'When each phase began; one that comes again has an entry of its own.',
      items: {
        type: 'object',
        required: ['phase', 'startedAt'],
        properties: {
          phase: { type: 'string', enum: WORKING_PHASES },
          startedAt: { type: 'string', format: 'date-time' },
        },
      },
    },
    target: { type: 'string', description: 'What recovery stops at, in words.' },
    destination: { type: 'string', description: 'What comes to be, such as statefulset/orders-before.' },
    note: { type: 'string', description: 'What else should be known of what came back.' },
    plan: planSchema,
    inPlace: inPlaceSchema,
    dump: dumpSchema,
    baseBackup: { type: 'string' },
    storagePrefix: { type: 'string', description: 'From where it is restored.' },
    startedAt: { type: 'string', format: 'date-time' },
    fetchedAt: { type: 'string', format: 'date-time' },
    completedAt: { type: 'string', format: 'date-time' },
    lastReplayedTime: {
      type: 'string',
      format: 'date-time',
      description: 'Commit time of the last transaction that came back.',
    },
    evidence: {
      type: 'string',
      description: 'Id of its signed record in the store; walguard drill report shows it.',
    },
    evidenceProblem: {
      type: 'string',
      description: 'Why there is no record of it in the store, or what is not right with the one there is.',
    },
    conditions: { type: 'array', items: conditionSchema },
  },
} as const;
