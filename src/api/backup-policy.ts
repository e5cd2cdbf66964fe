// BackupPolicy: cluster-scoped, like a StorageClass. One schema gives the CRD, the validator and the type. Room: api (pure).
import type { FromSchema } from 'json-schema-to-ts';
import type { ObjectMeta } from './kubernetes.ts';

const DURATION = { type: 'string', pattern: '^[1-9][0-9]*(s|m|h|d)$' } as const;

export const backupPolicySpecSchema = {
  type: 'object',
  description: 'How the databases that name this policy are archived and backed up.',
  additionalProperties: false,
  required: ['storage'],
  properties: {
    storage: {
      type: 'object',
      description: 'Where backups and WAL are kept.',
      additionalProperties: false,
      required: ['s3'],
      properties: {
        s3: {
          type: 'object',
          additionalProperties: false,
          required: ['prefix', 'credentialsSecret'],
          properties: {
            prefix: {
              type: 'string',
              description:
                'Bucket and path, such as s3://backups/postgres. Below it walguard adds <namespace>/<statefulset>/<PG major>/<system identifier>.',
              pattern: '^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^/]+)*$',
            },
            endpoint: {
              type: 'string',
              description: 'URL of an S3-compatible server; empty for AWS.',
              pattern: '^https?://',
            },
            region: { type: 'string', description: 'Region of the bucket.', default: 'us-east-1' },
            forcePathStyle: {
              type: 'boolean',
              description: 'Address the bucket by path, as most servers outside AWS want it.',
              default: false,
            },
            credentialsSecret: {
              type: 'string',
              description:
                "Secret with keys AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the database's namespace, or in walguard's own, from where it is copied when the chart allows it.",
              minLength: 1,
              maxLength: 253,
            },
          },
        },
      },
    },
    archive: {
      type: 'object',
      description: 'Continuous WAL archiving.',
      additionalProperties: false,
      default: {},
      properties: {
        timeout: {
          ...DURATION,
          description: 'Longest time that a committed change waits for its WAL segment to be closed (archive_timeout).',
          default: '60s',
        },
        compression: {
          type: 'string',
          enum: ['lz4', 'zstd', 'none'],
          description: 'lz4 is the fastest; zstd is about a third smaller and slower.',
          default: 'lz4',
        },
      },
    },
    baseBackup: {
      type: 'object',
      description: 'Scheduled base backups, taken on the node where the database runs.',
      additionalProperties: false,
      default: {},
      properties: {
        schedule: { type: 'string', description: 'Five-field cron schedule.', default: '17 2 * * *', minLength: 9 },
        timeZone: { type: 'string', description: 'IANA time zone of the schedule.', default: 'Etc/UTC' },
        timeout: {
          ...DURATION,
          description: 'A base backup that takes longer is ended and counts as failed.',
          default: '6h',
        },
      },
    },
  },
} as const;

export type BackupPolicySpec = FromSchema<typeof backupPolicySpecSchema, { keepDefaultedPropertiesOptional: true }>;

export interface BackupPolicy {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec: BackupPolicySpec;
}
