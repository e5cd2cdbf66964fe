// BackupPolicy: cluster-scoped, like a StorageClass. One schema gives the CRD, the validator, the type and the reference
// in policies/README.md. Room: api (pure).
import type { FromSchema } from 'json-schema-to-ts';
import { archiveSchema, baseBackupSchema, dumpSchema, retentionSchema } from './backup-policy/backups.ts';
import {
  alertsSchema,
  healthSchema,
  metricsSchema,
  notifySchema,
  recoverySchema,
  workloadSchema,
} from './backup-policy/care.ts';
import { celSeconds } from './backup-policy/parts.ts';
import { drillsSchema, objectivesSchema, verifySchema } from './backup-policy/proof.ts';
import { encryptionSchema, storageSchema } from './backup-policy/storage.ts';
import type { ObjectMeta } from './kubernetes.ts';

export const backupPolicySpecSchema = {
  type: 'object',
  description: 'How the databases that name this policy are archived, backed up and proven.',
  additionalProperties: false,
  required: ['storage'],
  properties: {
    engine: {
      type: 'string',
      enum: ['auto', 'wal-g', 'walrus'],
      description: "auto takes the image's own; a policy that needs one of the two says so.",
      default: 'auto',
    },
    storage: storageSchema,
    encryption: encryptionSchema,
    archive: archiveSchema,
    baseBackup: baseBackupSchema,
    retention: retentionSchema,
    verify: verifySchema,
    drills: drillsSchema,
    dump: dumpSchema,
    health: healthSchema,
    recovery: recoverySchema,
    alerts: alertsSchema,
    notify: notifySchema,
    metrics: metricsSchema,
    objectives: objectivesSchema,
    workload: workloadSchema,
  },
  'x-kubernetes-validations': [
    {
      rule: "!has(self.drills) || has(self.dump) || self.drills.all(drill, drill.source != 'dump')",
      message: 'a drill restores a dump, and the policy makes none',
      fieldPath: '.drills',
    },
    {
      rule: '!has(self.objectives) || !has(self.objectives.drillAge) || (has(self.drills) && size(self.drills) > 0)',
      message: 'the age of the last drill is promised, and there is no drill',
      fieldPath: '.objectives.drillAge',
    },
    {
      rule: `!has(self.objectives) || !has(self.objectives.rpo) || ${celSeconds('self.archive.timeout')} <= ${celSeconds('self.objectives.rpo')}`,
      message: 'a change may wait longer to be archived than objectives.rpo allows to lose',
      fieldPath: '.archive.timeout',
    },
  ],
} as const;

export type BackupPolicySpec = FromSchema<typeof backupPolicySpecSchema, { keepDefaultedPropertiesOptional: true }>;

/** With every default filled in, as an API server stores it. */
export type CompletePolicySpec = FromSchema<typeof backupPolicySpecSchema>;

export interface BackupPolicy {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec: BackupPolicySpec;
}
