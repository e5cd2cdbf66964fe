// For each rule over BackupPolicies: what it finds, and what lies just on the good side of it. Each case is the smallest policy
// with one change.
import { parse } from 'yaml';
import type { EngineId } from '../../src/policy/engines.ts';

export const NOW = '2026-11-21T09:30:00Z';
export const S3 = { prefix: 's3://backups', credentialsSecret: 'login' };

export interface Case {
  readonly spec: object;
  readonly engine?: EngineId;
}

interface Cases {
  readonly finds: Readonly<Record<string, Case>>;
  readonly lets: Readonly<Record<string, Case>>;
}

/** In YAML, as people write it; `storage` is the smallest one unless the case has its own. */
function policy(text: string, engine?: EngineId): Case {
  return { spec: { storage: { s3: S3 }, ...parse(text) }, ...(engine && { engine }) };
}

function s3(fields: object, engine?: EngineId): Case {
  return { spec: { storage: { s3: { ...S3, ...fields } } }, ...(engine && { engine }) };
}

const SMALLEST = policy('{}');
const VOLUME_DUMP = '{schedule: "0 6 * * *", keep: 7d, destination: {volume: {size: 1Gi}}}';
const DUMP = '{schedule: "0 6 * * *", keep: 7d, destination: {storage: {}}}';

export const CASES: Readonly<Record<string, Cases>> = {
  'alert-before-due': {
    finds: {
      'base backups daily, alert after 12h': policy('alerts: {backupOverdueAfter: 12h}'),
      'base backups daily, alert after a day': policy('alerts: {backupOverdueAfter: 24h}'),
      'a day that the clocks leave out': policy(
        'baseBackup: {schedule: "30 2 * * *", timeZone: Europe/Berlin}\nalerts: {backupOverdueAfter: 36h}',
      ),
      'dumps weekly, alert after 36h': policy(
        'dump: {schedule: "0 6 * * 0", keep: 30d, destination: {storage: {}}}\nalerts: {backupOverdueAfter: 36h}',
      ),
      'base backups never': policy('baseBackup: {schedule: "0 2 30 2 *"}\nalerts: {backupOverdueAfter: 36h}'),
      'WAL every 5m, alert after 5m': policy('archive: {timeout: 5m}\nalerts: {walOverdueAfter: 5m}'),
      'idle switch every 6h, alert after 1h': policy(
        'archive: {switchAtLeastEvery: 6h}\nalerts: {walOverdueAfter: 1h}',
      ),
    },
    lets: {
      'base backups daily, alert after 36h': policy('alerts: {backupOverdueAfter: 36h}'),
      'WAL every 5m, alert after 6m': policy('archive: {timeout: 5m}\nalerts: {walOverdueAfter: 6m}'),
      'a schedule that another rule refuses': policy(
        'baseBackup: {schedule: "0 2 * * 7"}\nalerts: {backupOverdueAfter: 1h}',
      ),
    },
  },
  'archive-timeout-short': {
    finds: { 'every second': policy('archive: {timeout: 1s}') },
    lets: { 'every half minute': policy('archive: {timeout: 30s}'), 'the default': SMALLEST },
  },
  'base-backup-rarer-than-window': {
    finds: {
      'weekly, a window of a day': policy('baseBackup: {schedule: "@weekly"}\nretention: {recoveryWindow: 1d}'),
    },
    lets: {
      'weekly, a window of a week': policy('baseBackup: {schedule: "@weekly"}\nretention: {recoveryWindow: 7d}'),
    },
  },
  'cooldown-too-short': {
    finds: {
      'shorter than the detection': policy(
        'recovery: {mode: restore, cooldown: 2m}\nnotify: [{name: a, slack: {secret: s}}]',
      ),
      'shorter than a restore': policy('recovery: {mode: restore, cooldown: 1h}\nobjectives: {rto: 4h}'),
    },
    lets: {
      'just as long as the detection': policy('recovery: {mode: restore, cooldown: 3m}'),
      'no recovery': policy('recovery: {mode: "off", cooldown: 1s}'),
    },
  },
  'drill-ends-before-objective': {
    finds: {
      'ended after 1h of 4h': policy('drills: [{name: w, schedule: "@weekly", timeout: 1h}]\nobjectives: {rto: 4h}'),
    },
    lets: {
      'ended after 4h of 4h': policy('drills: [{name: w, schedule: "@weekly", timeout: 4h}]\nobjectives: {rto: 4h}'),
    },
  },
  'drill-out-of-reach': {
    finds: {
      'backups on a volume': policy(
        'storage: {volume: {size: 1Gi}}\ndrills: [{name: w, schedule: "@weekly", namespace: dr}]',
      ),
      'dumps on a volume': policy(
        `dump: ${VOLUME_DUMP}\ndrills: [{name: w, schedule: "@weekly", source: dump, namespace: dr}]`,
      ),
    },
    lets: {
      'beside the database': policy('storage: {volume: {size: 1Gi}}\ndrills: [{name: w, schedule: "@weekly"}]'),
      'dumps in the bucket': policy(
        `dump: ${DUMP}\ndrills: [{name: w, schedule: "@weekly", source: dump, namespace: dr}]`,
      ),
      'a base backup, with dumps on a volume': policy(
        `dump: ${VOLUME_DUMP}\ndrills: [{name: w, schedule: "@weekly", namespace: dr}]`,
      ),
    },
  },
  'drill-rarer-than-objective': {
    finds: {
      'no drill': policy('objectives: {drillAge: 7d}'),
      'a drill that is never due': policy('drills: [{name: w, schedule: "0 0 30 2 *"}]\nobjectives: {drillAge: 7d}'),
      'monthly, and a week is promised': policy(
        'drills: [{name: m, schedule: "@monthly"}]\nobjectives: {drillAge: 7d}',
      ),
      'twice a month, and ten days are promised': policy(
        'drills: [{name: a, schedule: "0 3 1 * *"}, {name: b, schedule: "0 3 15 * *"}]\nobjectives: {drillAge: 10d}',
      ),
      'weekly in an hour that the clocks leave out': policy(
        'drills: [{name: w, schedule: "30 2 * * 0", timeZone: Europe/Berlin}]\nobjectives: {drillAge: 8d}',
      ),
    },
    lets: {
      'weekly, and a week is promised': policy('drills: [{name: w, schedule: "@weekly"}]\nobjectives: {drillAge: 7d}'),
      'two that fill each other in': policy(
        'drills: [{name: a, schedule: "0 3 1 * *"}, {name: b, schedule: "0 3 15 * *"}]\nobjectives: {drillAge: 17d}',
      ),
      'a schedule that another rule refuses': policy(
        'drills: [{name: w, schedule: "@often"}]\nobjectives: {drillAge: 7d}',
      ),
    },
  },
  'drill-target-contradiction': {
    finds: {
      'lag without lag': policy('drills: [{name: w, schedule: "@weekly", target: lag}]'),
      'lag without target': policy('drills: [{name: w, schedule: "@weekly", lag: 1d}]'),
      'a moment out of a dump': policy(
        `dump: ${DUMP}\ndrills: [{name: w, schedule: "@weekly", source: dump, target: random}]`,
      ),
      'a dump without dumps': policy('drills: [{name: w, schedule: "@weekly", source: dump}]'),
      'behind the window': policy(
        'retention: {recoveryWindow: 7d}\ndrills: [{name: w, schedule: "@weekly", target: lag, lag: 30d}]',
      ),
      'behind the base backups that are kept': policy(
        'retention: {keepFull: 3}\ndrills: [{name: w, schedule: "@weekly", target: lag, lag: 4d}]',
      ),
    },
    lets: {
      'within the window': policy(
        'retention: {recoveryWindow: 7d}\ndrills: [{name: w, schedule: "@weekly", target: lag, lag: 7d}]',
      ),
      'everything is kept': policy('drills: [{name: w, schedule: "@weekly", target: lag, lag: 99d}]'),
      'the latest dump': policy(`dump: ${DUMP}\ndrills: [{name: w, schedule: "@weekly", source: dump}]`),
      'any moment': policy('drills: [{name: w, schedule: "@weekly", target: random}]'),
    },
  },
  'dump-format': {
    finds: {
      'pg_dumpall and custom': policy(
        'dump: {schedule: "@daily", keep: 7d, format: custom, destination: {storage: {}}}',
      ),
    },
    lets: {
      'pg_dump and custom': policy(
        'dump: {schedule: "@daily", keep: 7d, tool: pg_dump, format: custom, destination: {storage: {}}}',
      ),
      'pg_dumpall and gzip': policy(`dump: ${DUMP}`),
    },
  },
  'dump-kept-too-short': {
    finds: { 'weekly, kept for a day': policy('dump: {schedule: "@weekly", keep: 1d, destination: {storage: {}}}') },
    lets: { 'weekly, kept for a week': policy('dump: {schedule: "@weekly", keep: 7d, destination: {storage: {}}}') },
  },
  'encryption-key-lost': {
    finds: { 'a key': policy('encryption: {method: libsodium, keySecret: archive-key}') },
    lets: { 'no encryption': SMALLEST },
  },
  'engine-lacks': {
    finds: {
      'encryption by the store of walrus, by name': policy(
        'engine: walrus\nstorage: {s3: {prefix: "s3://backups", credentialsSecret: l, serverSideEncryption: {algorithm: AES256}}}',
      ),
      "encryption by the store of the image's walrus": s3({ serverSideEncryption: { algorithm: 'AES256' } }, 'walrus'),
    },
    lets: {
      'encryption by the store of WAL-G': s3({ serverSideEncryption: { algorithm: 'AES256' } }, 'wal-g'),
      'encryption by the store of an unknown engine': s3({ serverSideEncryption: { algorithm: 'AES256' } }),
      'walrus without it': policy('engine: walrus', 'walrus'),
    },
  },
  'engine-not-installed': {
    finds: { 'WAL-G of an image with walrus': policy('engine: wal-g', 'walrus') },
    lets: {
      'WAL-G of an image with WAL-G': policy('engine: wal-g', 'wal-g'),
      'WAL-G of an unknown image': policy('engine: wal-g'),
      "the image's own": policy('engine: auto', 'walrus'),
    },
  },
  'keep-below-minimum': {
    finds: { 'keep 2, never fewer than 3': policy('retention: {keepFull: 2, minFullBackups: 3}') },
    lets: { 'keep 3, never fewer than 3': policy('retention: {keepFull: 3, minFullBackups: 3}') },
  },
  'kms-key': {
    finds: { 'a key for AES256': s3({ serverSideEncryption: { algorithm: 'AES256', kmsKeyId: 'k' } }) },
    lets: {
      'a key for KMS': s3({ serverSideEncryption: { algorithm: 'aws:kms', kmsKeyId: 'k' } }),
      "KMS's own key": s3({ serverSideEncryption: { algorithm: 'aws:kms' } }),
    },
  },
  'lifecycle-eats-backups': {
    finds: {
      'nothing said, base backups weekly': {
        spec: {
          storage: { s3: { ...S3, lifecycleRule: { expireAfterDays: 7 } } },
          baseBackup: { schedule: '@weekly' },
        },
      },
      'as long as the window': {
        spec: {
          storage: { s3: { ...S3, lifecycleRule: { expireAfterDays: 8 } } },
          retention: { recoveryWindow: '7d' },
        },
      },
      'months are kept': {
        spec: {
          storage: { s3: { ...S3, lifecycleRule: { expireAfterDays: 90 } } },
          retention: { recoveryWindow: '7d', keepMonthly: 12 },
        },
      },
      'dumps are kept': {
        spec: {
          storage: { s3: { ...S3, lifecycleRule: { expireAfterDays: 30 } } },
          dump: { schedule: '0 6 * * *', keep: '30d', destination: { storage: {} } },
        },
      },
    },
    lets: {
      'longer than the window and the base backup before it': {
        spec: {
          storage: { s3: { ...S3, lifecycleRule: { expireAfterDays: 9 } } },
          retention: { recoveryWindow: '7d' },
        },
      },
      'dumps on a volume': {
        spec: {
          storage: { s3: { ...S3, lifecycleRule: { expireAfterDays: 30 } } },
          dump: { schedule: '0 6 * * *', keep: '30d', destination: { volume: { size: '10Gi' } } },
        },
      },
      'unfinished uploads only': s3({ lifecycleRule: { abortMultipartAfterDays: 1 } }),
    },
  },
  'log-pattern-invalid': {
    finds: {
      'an open bracket': policy('health: {logPatterns: ["PANIC:", "could not (read"]}'),
      'every line': policy('health: {logPatterns: ["(PANIC)?"]}'),
    },
    lets: { 'a word': policy('health: {logPatterns: ["PANIC:.*could not", "^FATAL"]}') },
  },
  'name-twice': {
    finds: {
      drills: policy('drills: [{name: w, schedule: "0 1 * * 0"}, {name: w, schedule: "0 5 * * 0"}]'),
      notify: policy(
        'notify: [{name: a, slack: {secret: s}}, {name: b, slack: {secret: s}}, {name: a, telegram: {secret: t}}]',
      ),
      checks: policy(
        'drills: [{name: w, schedule: "@weekly", checks: [{name: c, sql: select 1, expect: "1"}, {name: c, sql: select 2, expect: "2"}]}]',
      ),
    },
    lets: {
      'of two lists': policy('drills: [{name: a, schedule: "@weekly"}]\nnotify: [{name: a, slack: {secret: s}}]'),
    },
  },
  'not-carried-out': {
    finds: {
      everything: policy(
        `storage: {s3: {prefix: "s3://backups", credentialsSecret: l, serverSideEncryption: {algorithm: AES256}, lifecycleRule: {}}}
retention: {recoveryWindow: 7d}
drills: [{name: w, schedule: "0 5 * * 0"}]
dump: ${DUMP}
health: {interval: 30s}
recovery: {mode: restore}
alerts: {walOverdueAfter: 1d}
notify: [{name: a, slack: {secret: s}}]`,
        'wal-g',
      ),
    },
    lets: {
      'what an API server fills in by itself': policy(
        `engine: auto
archive: {timeout: 60s, compression: lz4, switchAtLeastEvery: 6h, onStorageFull: dropAndRebase}
baseBackup: {schedule: "17 2 * * *", timeZone: Etc/UTC, timeout: 6h, method: sidecar, from: standby, deltaSteps: 6}
verify: {schedule: "0 4 * * *"}
health: {interval: 60s, failureThreshold: 3}
recovery: {mode: "off", cooldown: 1h}
drills: []
notify: []`,
      ),
      'a drill beside the database': policy(
        'drills: [{name: w, schedule: "0 5 * * 0", checksFrom: c, amcheck: false}]\nobjectives: {rto: 1h, drillAge: 8d}',
      ),
    },
  },
  'objective-unproven': {
    finds: { 'no drill': policy('objectives: {rpo: 5m, rto: 1h}') },
    lets: { 'a drill': policy('objectives: {rpo: 5m, rto: 1h}\ndrills: [{name: w, schedule: "@weekly"}]') },
  },
  'recovery-may-reset': {
    finds: { restoreOrReset: policy('recovery: {mode: restoreOrReset}') },
    lets: { restore: policy('recovery: {mode: restore}') },
  },
  'recovery-unannounced': {
    finds: { 'nobody is told': policy('recovery: {mode: restore}') },
    lets: {
      'somebody is told': policy('recovery: {mode: restore}\nnotify: [{name: a, slack: {secret: s}}]'),
      'no recovery': SMALLEST,
    },
  },
  'remote-without-deltas': {
    finds: { 'deltas over the network': policy('baseBackup: {method: remote, deltaSteps: 6}') },
    lets: {
      'full ones over the network': policy('baseBackup: {method: remote}'),
      'deltas beside the data': policy('baseBackup: {method: sidecar, deltaSteps: 6}'),
    },
  },
  'retention-shorter-than-window': {
    finds: {
      'three daily base backups, a week is promised': policy('retention: {recoveryWindow: 7d, keepFull: 3}'),
      'three days, a week is promised': policy('retention: {recoveryWindow: 7d, keepDaily: 3}'),
      'three days and two full ones': policy('retention: {recoveryWindow: 7d, keepDaily: 3, keepFull: 2}'),
      'base backups never': policy('baseBackup: {schedule: "0 2 30 2 *"}\nretention: {recoveryWindow: 7d}'),
    },
    lets: {
      'as many as the window has days': policy('retention: {recoveryWindow: 7d, keepDaily: 7, keepWeekly: 4}'),
      'weeks reach farther than days': policy('retention: {recoveryWindow: 7d, keepDaily: 3, keepWeekly: 4}'),
      'the window alone': policy('retention: {recoveryWindow: 30d}'),
      'a count alone': policy('retention: {keepFull: 2}'),
      'few full ones, far apart': policy(
        'baseBackup: {schedule: "@weekly"}\nretention: {recoveryWindow: 14d, keepFull: 2}',
      ),
    },
  },
  'rpo-unreachable': {
    finds: { 'waits 5m, 60s may be lost': policy('archive: {timeout: 5m}\nobjectives: {rpo: 60s}') },
    lets: { 'waits 60s, 1m may be lost': policy('archive: {timeout: 60s}\nobjectives: {rpo: 1m}') },
  },
  'schedule-crowded': {
    finds: {
      'every minute of an hour': policy('baseBackup: {schedule: "* 2 * * *"}'),
      'every ten minutes': policy(`dump: {schedule: "*/10 * * * *", keep: 7d, destination: {storage: {}}}`),
    },
    lets: { 'every quarter of an hour': policy('baseBackup: {schedule: "*/15 * * * *"}') },
  },
  'schedule-invalid': {
    finds: {
      'Sunday as 7': policy('baseBackup: {schedule: "0 0 * * 7"}'),
      'a field for seconds': policy('verify: {schedule: "0 0 2 * * *"}'),
      'everywhere at once': policy(
        `baseBackup: {schedule: "60 * * * *"}
retention: {schedule: "0 24 * * *"}
verify: {schedule: "0 0 0 * *"}
drills: [{name: a, schedule: "@weekly"}, {name: b, schedule: "@fortnightly"}]
dump: {schedule: "0 0 L * *", keep: 7d, destination: {storage: {}}}`,
      ),
    },
    lets: { 'names and a step': policy('baseBackup: {schedule: "*/20 2 * JAN-JUN mon,Thu"}') },
  },
  'schedule-left-out': {
    finds: { 'half past two in Berlin': policy('baseBackup: {schedule: "30 2 * * *", timeZone: Europe/Berlin}') },
    lets: {
      'half past three in Berlin': policy('baseBackup: {schedule: "30 3 * * *", timeZone: Europe/Berlin}'),
      'half past two in UTC': policy('baseBackup: {schedule: "30 2 * * *"}'),
      'several times a day': policy('baseBackup: {schedule: "30 2,14 * * *", timeZone: Europe/Berlin}'),
    },
  },
  'schedule-never-fires': {
    finds: {
      '30 February': policy('baseBackup: {schedule: "0 2 30 2 *"}'),
      'a field with a comma alone': policy('verify: {schedule: ", 2 * * *"}'),
    },
    lets: {
      '29 February': policy('baseBackup: {schedule: "0 2 29 2 *"}'),
      '30 February, or a Monday': policy('baseBackup: {schedule: "0 2 30 2 1"}'),
    },
  },
  'schedules-overlap': {
    finds: {
      'a dump with the base backup': policy(
        'baseBackup: {schedule: "0 2 * * *"}\ndump: {schedule: "0 2 * * *", keep: 7d, destination: {storage: {}}}',
      ),
      'a drill on the first of the month': policy(
        'baseBackup: {schedule: "0 2 * * *"}\ndrills: [{name: m, schedule: "0 2 1 * *"}]\nverify: {schedule: "30 3 * * *"}',
      ),
      'by the clocks of two zones': policy(
        'baseBackup: {schedule: "0 1 * * *"}\nverify: {schedule: "0 2 * * *", timeZone: Europe/Berlin}',
      ),
      'three at once': policy(
        `baseBackup: {schedule: "0 2 * * 0"}\nverify: {schedule: "0 2 * * *"}\ndump: {schedule: "0 2 * * *", keep: 7d, destination: {storage: {}}}`,
      ),
    },
    lets: {
      'a minute apart': policy('baseBackup: {schedule: "0 2 * * *"}\nverify: {schedule: "1 2 * * *"}'),
      'on other days': policy('baseBackup: {schedule: "0 2 * * 1"}\nverify: {schedule: "0 2 * * 2"}'),
      'a clean-up, which is light': policy('baseBackup: {schedule: "0 2 * * *"}\nretention: {schedule: "0 2 * * *"}'),
    },
  },
  'secret-in-url': {
    finds: {
      'of the store': s3({ endpoint: 'https://admin:hunter2@store.example' }),
      'of the Pushgateway': policy('metrics: {pushgateway: {url: "https://hunter2@push.example/metrics"}}'),
    },
    lets: { 'an at sign in a path': s3({ endpoint: 'https://store.example/a@b' }) },
  },
  'stale-drill-without-age': {
    finds: {
      'refused, and no age': policy('drills: [{name: w, schedule: "@weekly"}]\nobjectives: {onStaleDrill: refuse}'),
    },
    lets: {
      'refused at an age': policy(
        'drills: [{name: w, schedule: "@weekly"}]\nobjectives: {drillAge: 8d, onStaleDrill: refuse}',
      ),
      'warned, and no age': policy('drills: [{name: w, schedule: "@weekly"}]\nobjectives: {rto: 1h}'),
    },
  },
  'storage-in-clear': {
    finds: { 'http over a network': s3({ endpoint: 'http://store.example:9000' }) },
    lets: {
      https: s3({ endpoint: 'https://store.example' }),
      'a Service of the cluster': s3({ endpoint: 'http://store.backup.svc:9000' }),
      'a Service by its whole name': s3({ endpoint: 'http://store.backup.svc.cluster.local' }),
      'this machine': s3({ endpoint: 'http://127.0.0.1:7070' }),
    },
  },
  'time-zone-unknown': {
    finds: {
      'small letters': policy('baseBackup: {timeZone: europe/berlin}'),
      Local: policy('verify: {schedule: "@daily", timeZone: Local}'),
      'an idle one': policy('retention: {recoveryWindow: 7d, timeZone: CEST}'),
    },
    lets: { 'a link': policy('baseBackup: {timeZone: US/Eastern}') },
  },
};
