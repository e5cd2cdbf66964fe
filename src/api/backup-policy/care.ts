// spec.health, recovery, alerts, notify, metrics, workload: who is told what, and what walguard does by itself.
// Room: api (pure).
import { BY_NAME, DURATION, ENTRY_NAME, OBJECT_NAME, QUANTITY } from './parts.ts';

export const healthSchema = {
  type: 'object',
  description: 'Health checks of the database by its sidecar.',
  additionalProperties: false,
  default: {},
  properties: {
    interval: { ...DURATION, description: 'Time between two checks.', default: '60s' },
    failureThreshold: {
      type: 'integer',
      description: 'Failed checks in a row after which the database counts as broken.',
      minimum: 1,
      maximum: 100,
      default: 3,
    },
    logPatterns: {
      type: 'array',
      description: 'Regular expressions; a line of the log that matches is a failed check.',
      maxItems: 20,
      items: { type: 'string', minLength: 1, maxLength: 256 },
    },
  },
} as const;

export const recoverySchema = {
  type: 'object',
  description: 'What walguard does by itself with a broken database. The old data are always kept aside.',
  additionalProperties: false,
  default: {},
  properties: {
    mode: {
      type: 'string',
      enum: ['off', 'restore', 'restoreOrReset'],
      description:
        'off: nothing. restore: from the newest good backup. restoreOrReset: the same, and an empty database where there is none.',
      default: 'off',
    },
    cooldown: { ...DURATION, description: 'Shortest time between two recoveries.', default: '1h' },
  },
} as const;

export const alertsSchema = {
  type: 'object',
  description: 'When somebody is told. A failed backup, drill or verification always counts.',
  additionalProperties: false,
  properties: {
    backupOverdueAfter: {
      ...DURATION,
      description: 'No good base backup, and no good dump where there are any, for this long.',
    },
    walOverdueAfter: { ...DURATION, description: 'No WAL archived for this long.' },
  },
} as const;

const secretRef = (what: string) => ({ ...OBJECT_NAME, description: `Secret in walguard's namespace with ${what}.` });

const sink = {
  type: 'object',
  additionalProperties: false,
  required: ['name'],
  minProperties: 2,
  maxProperties: 2,
  properties: {
    name: ENTRY_NAME,
    telegram: {
      type: 'object',
      description: 'A chat of Telegram.',
      additionalProperties: false,
      required: ['secret'],
      properties: { secret: secretRef('the entries token and chatId') },
    },
    slack: {
      type: 'object',
      description: 'A channel of Slack.',
      additionalProperties: false,
      required: ['secret'],
      properties: { secret: secretRef('the entry url') },
    },
    webhook: {
      type: 'object',
      description: 'Any URL.',
      additionalProperties: false,
      required: ['secret'],
      properties: { secret: secretRef('the entry url; each alert is sent there as JSON') },
    },
  },
  'x-kubernetes-validations': [
    {
      rule: '[has(self.telegram), has(self.slack), has(self.webhook)].filter(each, each).size() == 1',
      message: 'give exactly one of telegram, slack and webhook',
    },
  ],
} as const;

export const notifySchema = {
  type: 'array',
  description: 'Where alerts go: each entry has a name and one of telegram, slack and webhook.',
  maxItems: 10,
  ...BY_NAME,
  items: sink,
} as const;

export const metricsSchema = {
  type: 'object',
  description: 'Metrics beyond those that walguard serves itself.',
  additionalProperties: false,
  properties: {
    pushgateway: {
      type: 'object',
      description: 'A Prometheus Pushgateway that is told of each good base backup.',
      additionalProperties: false,
      required: ['url'],
      properties: {
        url: { type: 'string', description: 'Its URL.', pattern: '^https?://' },
        metric: {
          type: 'string',
          description: 'Name of the gauge: Unix seconds of the last good base backup.',
          pattern: '^[a-zA-Z_:][a-zA-Z0-9_:]*$',
          default: 'postgres_base_backup_last_success_timestamp',
        },
      },
    },
  },
} as const;

export const workloadSchema = {
  type: 'object',
  description: 'What a StatefulSet must have for this policy; one that has less is warned.',
  additionalProperties: false,
  properties: {
    minReplicas: { type: 'integer', description: 'Replicas, at least.', minimum: 1, maximum: 100 },
    minClaimSize: { ...QUANTITY, description: 'Size of the claim that holds the data, at least.' },
  },
} as const;
