// The CustomResourceDefinitions, made from the schemas. Room: api (pure).
import { backupPolicySpecSchema } from './backup-policy.ts';
import type { KubeObject } from './kubernetes.ts';
import { API_VERSION, GROUP, VERSION } from './names.ts';
import { protectedDatabaseStatusSchema } from './protected-database.ts';
import { restoreSpecSchema } from './restore/spec.ts';
import { restoreStatusSchema } from './restore/status.ts';

interface Kind {
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly scope: 'Cluster' | 'Namespaced';
  readonly spec?: object;
  readonly status?: object;
  /** CEL rules over the whole object: what a schema cannot say. */
  readonly rules?: readonly { readonly rule: string; readonly message: string }[];
  readonly columns: readonly (readonly [name: string, type: string, path: string])[];
}

const AGE = ['Age', 'date', '.metadata.creationTimestamp'] as const;

const KINDS: readonly Kind[] = [
  {
    kind: 'BackupPolicy',
    plural: 'backuppolicies',
    shortNames: ['bp'],
    scope: 'Cluster',
    spec: backupPolicySpecSchema,
    columns: [
      ['Storage', 'string', '.spec.storage.s3.prefix'],
      ['Schedule', 'string', '.spec.baseBackup.schedule'],
      AGE,
    ],
  },
  {
    kind: 'ProtectedDatabase',
    plural: 'protecteddatabases',
    shortNames: ['protected'],
    scope: 'Namespaced',
    status: protectedDatabaseStatusSchema,
    columns: [
      ['Policy', 'string', '.status.policy'],
      ['Archiving', 'string', '.status.conditions[?(@.type=="ContinuousArchiving")].status'],
      ['Backup', 'string', '.status.conditions[?(@.type=="LastBackupSucceeded")].status'],
      ['Drill', 'string', '.status.conditions[?(@.type=="LastDrillSucceeded")].status'],
      ['Last WAL', 'date', '.status.lastArchivedWalTime'],
      ['Last backup', 'date', '.status.lastSuccessfulBackup'],
      ['Last drill', 'date', '.status.lastSuccessfulDrill'],
      AGE,
    ],
  },
  {
    kind: 'Restore',
    plural: 'restores',
    shortNames: [],
    scope: 'Namespaced',
    spec: restoreSpecSchema,
    status: restoreStatusSchema,
    rules: [
      {
        rule: 'size(self.metadata.name) <= 52',
        message: 'metadata.name may have at most 52 characters: a Job and labels are named after it',
      },
      {
        rule: '!has(oldSelf.spec) || self.spec == oldSelf.spec',
        message: 'spec cannot be changed; make another Restore',
      },
    ],
    columns: [
      ['Source', 'string', '.spec.source.database'],
      ['Target', 'string', '.status.target'],
      ['Destination', 'string', '.status.destination'],
      ['Phase', 'string', '.status.phase'],
      AGE,
    ],
  },
];

/**
 * An API server refuses `additionalProperties: false` beside `properties`: structural schemas prune unknown fields instead. And
 * where the number of properties is wrong it asks no CEL rule, which would say more.
 */
function toStructural(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(toStructural);
  if (!isObject(schema)) return schema;
  const entries = Object.entries(schema).filter(([key, value]) => {
    if (key === 'additionalProperties') return value !== false;
    return !/^m..Properties$/.test(key) || schema['x-kubernetes-validations'] === undefined;
  });
  return Object.fromEntries(entries.map(([key, value]) => [key, toStructural(value)]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function buildCrd(kind: Kind): KubeObject {
  const properties: Record<string, unknown> = {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { type: 'object' },
  };
  if (kind.spec) properties.spec = toStructural(kind.spec);
  if (kind.status) properties.status = toStructural(kind.status);
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${GROUP}`, labels: { 'app.kubernetes.io/part-of': 'walguard' } },
    spec: {
      group: GROUP,
      scope: kind.scope,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.kind.toLowerCase(),
        shortNames: [...kind.shortNames],
        categories: ['walguard'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          ...(kind.status ? { subresources: { status: {} } } : {}),
          additionalPrinterColumns: kind.columns.map(([name, type, jsonPath]) => ({ name, type, jsonPath })),
          schema: {
            openAPIV3Schema: {
              type: 'object',
              ...(kind.spec ? { required: ['spec'] } : {}),
              ...(kind.rules ? { 'x-kubernetes-validations': kind.rules } : {}),
              properties,
            },
          },
        },
      ],
    },
  };
}

export function buildCrds(): KubeObject[] {
  return KINDS.map(buildCrd);
}

/** REST path of a collection of one of our kinds, in a namespace or over all. */
export function resourceOf(kind: 'BackupPolicy' | 'ProtectedDatabase' | 'Restore'): string {
  const found = KINDS.find((candidate) => candidate.kind === kind);
  if (!found) throw new Error(`no such kind in ${API_VERSION}: ${kind}`);
  return found.plural;
}
