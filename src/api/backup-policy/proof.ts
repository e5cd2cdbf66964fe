// spec.verify, drills, objectives: how it is shown that the backups can be restored. Room: api (pure).
import { BY_NAME, DURATION, ENTRY_NAME, NAMESPACE_NAME, OBJECT_NAME, SCHEDULE, TIME_ZONE } from './parts.ts';

export const verifySchema = {
  type: 'object',
  description: 'Integrity checks of what is stored: WAL without a gap, manifests, archived against stored.',
  additionalProperties: false,
  required: ['schedule'],
  properties: { schedule: SCHEDULE, timeZone: TIME_ZONE },
} as const;

const check = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'sql', 'expect'],
  properties: {
    name: ENTRY_NAME,
    database: { type: 'string', description: 'Database that is asked.', default: 'postgres', maxLength: 63 },
    sql: { type: 'string', description: 'One statement with one value.', minLength: 1, maxLength: 4096 },
    expect: { type: 'string', description: 'The value as psql shows it, such as 501, or t for true.', maxLength: 4096 },
  },
} as const;

const drill = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'schedule'],
  properties: {
    name: ENTRY_NAME,
    schedule: SCHEDULE,
    timeZone: TIME_ZONE,
    source: {
      type: 'string',
      enum: ['baseBackup', 'dump'],
      description: 'What is restored: a base backup with its WAL, or the newest dump.',
      default: 'baseBackup',
    },
    target: {
      type: 'string',
      enum: ['latest', 'random', 'lag'],
      description: 'Moment that is restored: the newest, any one of the recovery window, or one that lies `lag` back.',
      default: 'latest',
    },
    lag: { ...DURATION, description: 'With target lag: how far back.' },
    namespace: {
      ...NAMESPACE_NAME,
      description:
        "Where the copy runs; without it the database's own namespace. Another one has to allow it, and so have the Secrets of the store.",
    },
    amcheck: { type: 'boolean', description: 'Check every index and heap by amcheck.', default: true },
    checks: {
      type: 'array',
      description: 'Statements that the copy must answer as expected.',
      maxItems: 50,
      ...BY_NAME,
      items: check,
    },
    checksFrom: { ...OBJECT_NAME, description: 'ConfigMap in the namespace where the copy runs, with more of them.' },
    timeout: { ...DURATION, description: 'A drill that takes longer is ended, and proves nothing.', default: '6h' },
  },
  'x-kubernetes-validations': [
    {
      rule: "has(self.lag) == (self.target == 'lag')",
      message: 'lag belongs to target lag, and to no other',
      fieldPath: '.lag',
    },
    {
      rule: "self.source != 'dump' || self.target == 'latest'",
      message: 'a dump holds one moment only: write target latest',
      fieldPath: '.target',
    },
  ],
} as const;

export const drillsSchema = {
  type: 'array',
  description: 'Rehearsed restores, each on a schedule of its own.',
  maxItems: 10,
  ...BY_NAME,
  items: drill,
} as const;

export const objectivesSchema = {
  type: 'object',
  description: 'What is promised. The rest of the policy is held against it, and so is every drill.',
  additionalProperties: false,
  properties: {
    rpo: { ...DURATION, description: 'Recovery point objective: the most that may be lost, in time.' },
    rto: { ...DURATION, description: 'Recovery time objective: the longest that a restore may take.' },
    drillAge: {
      ...DURATION,
      description: 'The last good drill is never older than this, but for the time that the next one takes.',
    },
    onStaleDrill: {
      type: 'string',
      enum: ['ignore', 'warn', 'refuse'],
      description:
        'What a change of the pod template of a database is met with while its last good drill is older than drillAge.',
      default: 'warn',
    },
  },
  'x-kubernetes-validations': [
    {
      rule: "self.onStaleDrill != 'refuse' || has(self.drillAge)",
      message: 'nothing says when a drill is too old: write drillAge too',
      fieldPath: '.onStaleDrill',
    },
  ],
} as const;
