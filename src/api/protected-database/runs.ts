// What companions made and found in the store, as the status tells of it. Room: api (pure).

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

export const failedRunSchema = {
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
