// Every field of a BackupPolicy, from its schema: path, type, default, what is allowed, and what it means.

import { DURATION, QUANTITY } from '../../src/api/backup-policy/parts.ts';
import { backupPolicySpecSchema } from '../../src/api/backup-policy.ts';
import { escapeText, table } from './blocks.ts';

export interface Schema {
  readonly type: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
}

export interface Field {
  /** Such as spec.drills[].name. */
  readonly path: string;
  readonly schema: Schema;
  readonly required: boolean;
}

/** Sections and lists too, in the order of the schema. */
export function listFields(schema: Schema = backupPolicySpecSchema, path = 'spec'): readonly Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]) => {
    const own = `${path}.${key}`;
    return [
      { path: own, schema: property, required: schema.required?.includes(key) ?? false },
      ...listFields(property, own),
      ...(property.items ? listFields(property.items, `${own}[]`) : []),
    ];
  });
}

/** @param worksOf what to write into the last column of a field that holds a value */
export function formatFields(worksOf: (path: string, schema: Schema) => string): string {
  const head = ['field', 'type', 'default', 'allowed', 'meaning', 'carried out'];
  const rows = listFields().map(({ path, schema, required }) => {
    const isSection = schema.properties !== undefined && schema.maxProperties !== 0;
    return [
      `\`${path}\``,
      typeOf(schema),
      required ? 'required' : formatDefault(schema),
      allowedBy(schema),
      escapeText(schema.description ?? ''),
      isSection || schema.items?.properties ? '' : worksOf(path, schema),
    ];
  });
  return table(head, rows);
}

function typeOf({ type, pattern, items }: Schema): string {
  if (pattern === DURATION.pattern) return 'duration';
  if (pattern === QUANTITY.pattern) return 'size';
  return type === 'array' ? `list of ${items?.type === 'object' ? 'objects' : `${items?.type}s`}` : type;
}

function formatDefault({ default: value }: Schema): string {
  if (value === undefined || typeof value === 'object') return '';
  return `\`${value}\``;
}

function allowedBy({ enum: values, pattern, minimum, maximum, maxLength, maxItems }: Schema): string {
  const isNamed = pattern === DURATION.pattern || pattern === QUANTITY.pattern;
  return [
    ...(values ? [values.map((value) => `\`${value}\``).join(', ')] : []),
    ...(pattern === undefined || isNamed ? [] : [`\`${pattern}\``]),
    ...(minimum === undefined ? [] : [maximum === undefined ? `${minimum} or more` : `${minimum} to ${maximum}`]),
    ...(maxLength === undefined || isNamed ? [] : [`up to ${maxLength} characters`]),
    ...(maxItems === undefined ? [] : [`up to ${maxItems}`]),
  ].join('; ');
}
