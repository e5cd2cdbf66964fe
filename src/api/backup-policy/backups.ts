// spec.archive, baseBackup, retention, dump: what is written, when, and how long it is kept. Room: api (pure).
import { DURATION, SCHEDULE, TIME_ZONE, VOLUME } from './parts.ts';

export const archiveSchema = {
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
    switchAtLeastEvery: {
      ...DURATION,
      description: 'An idle database closes a segment this often too, so that silence can be told from a fault.',
    },
    onStorageFull: {
      type: 'string',
      enum: ['block', 'dropAndRebase'],
      description:
        'When the store is away and the WAL volume fills up: block keeps every segment, and Postgres stops when the volume is full; dropAndRebase lets WAL go, marks the gap, and takes a base backup as soon as it can.',
      default: 'block',
    },
  },
} as const;

export const baseBackupSchema = {
  type: 'object',
  description: 'Scheduled base backups. One counts once the WAL that it needs is in the store.',
  additionalProperties: false,
  default: {},
  properties: {
    schedule: { ...SCHEDULE, default: '17 2 * * *' },
    timeZone: TIME_ZONE,
    timeout: {
      ...DURATION,
      description: 'A base backup that takes longer is ended and counts as failed.',
      default: '6h',
    },
    method: {
      type: 'string',
      enum: ['node', 'sidecar', 'remote'],
      description:
        "node: a Job on the database's node that mounts its claim. sidecar: in the database's pod; also what node comes to where the claim is ReadWriteOncePod. remote: over a replication connection, full ones only.",
      default: 'node',
    },
    from: {
      type: 'string',
      enum: ['primary', 'standby'],
      description: 'Which server of a cluster is read; the primary too, while no standby answers.',
      default: 'primary',
    },
    deltaSteps: {
      type: 'integer',
      description:
        'How many deltas may follow a full backup; 0 takes full ones only. After a failover or a gap the next one is full.',
      minimum: 0,
      maximum: 30,
      default: 0,
    },
  },
} as const;

const COUNT = { type: 'integer', minimum: 1, maximum: 1000 } as const;

export const retentionSchema = {
  type: 'object',
  description: 'What is kept. A backup goes only when no line below needs it, and only after a newer good one.',
  additionalProperties: false,
  properties: {
    recoveryWindow: { ...DURATION, description: 'Any moment this far back can be restored.' },
    keepFull: { ...COUNT, description: 'The newest full base backups, with the WAL from the oldest of them on.' },
    keepDaily: { ...COUNT, description: 'Days of which one base backup each is kept, the newest one.' },
    keepWeekly: {
      ...COUNT,
      description: 'Weeks, from Monday on, of which one base backup each is kept, the newest one.',
    },
    keepMonthly: { ...COUNT, description: 'Months of which one base backup each is kept, the newest one.' },
    minFullBackups: { ...COUNT, description: 'Never fewer full base backups than this.', default: 1 },
    schedule: { ...SCHEDULE, description: 'When to clean up; without it after each good base backup.' },
    timeZone: {
      ...TIME_ZONE,
      description: 'IANA time zone of the schedule, and of the days, weeks and months that are counted.',
    },
  },
  'x-kubernetes-validations': [
    {
      rule: '!has(self.keepFull) || self.keepFull >= self.minFullBackups',
      message: 'keepFull must not be below minFullBackups',
      fieldPath: '.keepFull',
    },
  ],
} as const;

export const dumpSchema = {
  type: 'object',
  description: 'Logical dumps beside the base backups.',
  additionalProperties: false,
  required: ['schedule', 'destination', 'keep'],
  properties: {
    schedule: SCHEDULE,
    timeZone: TIME_ZONE,
    tool: {
      type: 'string',
      enum: ['pg_dumpall', 'pg_dump'],
      description:
        'pg_dumpall: everything in one file, with roles. pg_dump: a file for each database, and one for roles.',
      default: 'pg_dumpall',
    },
    format: {
      type: 'string',
      enum: ['gzip', 'custom'],
      description: "gzip: SQL, compressed. custom: pg_dump's own format.",
      default: 'gzip',
    },
    destination: {
      type: 'object',
      description: 'Where dumps go: storage, beside the base backups, or volume.',
      additionalProperties: false,
      minProperties: 1,
      maxProperties: 1,
      properties: {
        storage: { type: 'object', description: "The policy's own storage.", additionalProperties: false },
        volume: VOLUME,
      },
      'x-kubernetes-validations': [
        { rule: 'has(self.storage) != has(self.volume)', message: 'give exactly one of storage and volume' },
      ],
    },
    keep: { ...DURATION, description: 'How long a dump is kept; the newest good one stays in any case.' },
    timeout: { ...DURATION, description: 'A dump that takes longer is ended and counts as failed.', default: '6h' },
  },
  'x-kubernetes-validations': [
    {
      rule: "self.tool != 'pg_dumpall' || self.format != 'custom'",
      message: 'pg_dumpall has no custom format: write format gzip, or tool pg_dump',
      fieldPath: '.format',
    },
  ],
} as const;
