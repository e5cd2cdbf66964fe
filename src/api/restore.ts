// Restore: a database as it was at a moment, in a new StatefulSet. Room: api (pure).
import type { FromSchema } from 'json-schema-to-ts';
import type { KubeObject } from './kubernetes.ts';
import { conditionSchema } from './protected-database.ts';

/** As Kubernetes takes it for a StatefulSet; a database that is there already may have dots in its name. */
const EXISTING = { type: 'string', pattern: '^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$', maxLength: 52 } as const;
const POD = { type: 'string', pattern: '^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$', maxLength: 63 } as const;
const NAME = { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', maxLength: 52 } as const;

export const restoreSpecSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['source', 'target', 'destination'],
  properties: {
    source: {
      type: 'object',
      additionalProperties: false,
      required: ['database'],
      properties: {
        database: { ...EXISTING, description: 'StatefulSet in the same namespace whose backups are read.' },
        instance: {
          ...POD,
          description:
            'Name of the pod whose backups are read; needed where the pods are clusters that have nothing in common. It may be scaled away.',
        },
      },
    },
    target: {
      type: 'object',
      additionalProperties: false,
      required: ['time'],
      properties: {
        time: {
          type: 'string',
          format: 'date-time',
          description: 'The database comes back with every transaction committed up to this moment (RFC 3339).',
        },
      },
    },
    destination: {
      type: 'object',
      additionalProperties: false,
      required: ['statefulSet'],
      properties: {
        statefulSet: { ...NAME, description: 'Name of the new StatefulSet; refused when it exists.' },
      },
    },
  },
} as const;

export const RESTORE_PHASES = ['Fetching', 'Replaying', 'Completed', 'Failed'] as const;

export const restoreStatusSchema = {
  type: 'object',
  properties: {
    phase: { type: 'string', enum: RESTORE_PHASES },
    message: { type: 'string' },
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
    conditions: { type: 'array', items: conditionSchema },
  },
} as const;

export type RestoreSpec = FromSchema<typeof restoreSpecSchema>;
export type RestorePhase = (typeof RESTORE_PHASES)[number];
export type RestoreStatus = FromSchema<typeof restoreStatusSchema>;

export interface Restore extends KubeObject {
  spec: RestoreSpec;
  status?: RestoreStatus;
}
