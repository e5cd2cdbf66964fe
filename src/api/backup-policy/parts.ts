// Parts that several sections of a BackupPolicy share. Room: api (pure).

/** Up to 27 years: less than Postgres's own limit for archive_timeout, above which it does not start. */
export const DURATION = {
  type: 'string',
  pattern: '^([1-9][0-9]{0,7}s|[1-9][0-9]{0,5}m|[1-9][0-9]{0,4}h|[1-9][0-9]{0,3}d)$',
  maxLength: 9,
} as const;

/** CEL for the seconds of a duration. */
export function celSeconds(path: string): string {
  const unit = `${path}.substring(size(${path}) - 1)`;
  const factor = `(${unit} == 'd' ? 86400 : ${unit} == 'h' ? 3600 : ${unit} == 'm' ? 60 : 1)`;
  return `int(${path}.substring(0, size(${path}) - 1)) * ${factor}`;
}

export const SCHEDULE = {
  type: 'string',
  description:
    'Five-field cron schedule, as a CronJob takes it. Or @hourly, @daily, @weekly, @monthly: then each StatefulSet gets a fixed minute of its own in the period (from 04:00 on), and many do not start at once.',
  minLength: 5,
  maxLength: 100,
} as const;

export const TIME_ZONE = {
  type: 'string',
  description: 'IANA time zone of the schedule.',
  default: 'Etc/UTC',
  minLength: 1,
  maxLength: 64,
} as const;

/** Of an object in Kubernetes. */
export const OBJECT_NAME = { type: 'string', minLength: 1, maxLength: 253 } as const;

export const NAMESPACE_NAME = {
  type: 'string',
  pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
  minLength: 1,
  maxLength: 63,
} as const;

/** Of an entry in a list: part of the names of the objects made from it. */
export const ENTRY_NAME = {
  type: 'string',
  description: 'Short name, its own within the list.',
  pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
  maxLength: 20,
} as const;

/** Of a list whose entries have names: two of one name are refused, and entries are merged by their names. */
export const BY_NAME = { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] } as const;

export const QUANTITY = { type: 'string', pattern: '^[1-9][0-9]*(Mi|Gi|Ti)$' } as const;

export const VOLUME = {
  type: 'object',
  description: 'A PersistentVolumeClaim for each database, which outlives it.',
  additionalProperties: false,
  required: ['size'],
  properties: {
    size: { ...QUANTITY, description: 'Size of the claim.' },
    storageClassName: { ...OBJECT_NAME, description: "StorageClass of the claim; without it the cluster's default." },
  },
} as const;
