// What this version carries out of a BackupPolicy, asked of the rules that say so, field by field and value by value.

import { DURATION, QUANTITY } from '../../src/api/backup-policy/parts.ts';
import { backupPolicySpecSchema } from '../../src/api/backup-policy.ts';
import { isObject } from '../../src/lib/json.ts';
import type { PolicyFacts } from '../../src/policy/policy-facts.ts';
import { POLICY_RULES } from '../../src/policy/rules/policy.ts';
import type { Schema } from './fields.ts';

/** What is not carried out is warned of: nothing is lost by it. */
const RULES: ReadonlySet<string> = new Set(['not-carried-out']);

/** yes, not yet, or the values with which it is carried out. */
export function worksOf(path: string, schema: Schema): string {
  const values = choicesOf(schema);
  const good = values.filter((value) => findCover(path, value) === undefined);
  if (good.length === values.length) return 'yes';
  return good.length === 0 ? 'not yet' : `only ${good.map((value) => `\`${value}\``).join(', ')}`;
}

/** Paths of what is not carried out of what a policy says, such as spec.drills; also where it says what is the default. */
export function listNotCarriedOut(spec: object): readonly string[] {
  const covers = listValues(spec).map(([path, value]) => findCover(path, value));
  return [...new Set(covers.filter((path) => path !== undefined))].sort();
}

/** What a rule says is not carried out, and the field with this value is a part of. */
function findCover(path: string, value: unknown): string | undefined {
  const facts: PolicyFacts = { spec: buildSpec(path, value), now: '2027-01-01T00:00:00Z', engine: undefined };
  const found = POLICY_RULES.filter(({ id }) => RULES.has(id)).flatMap(({ check }) => check(facts));
  return found
    .map(({ field }) => field.replace(/\[\d+\]/g, '[]'))
    .find((field) => path === field || (/^[.[]/.test(path.slice(field.length)) && path.startsWith(field)));
}

function listValues(node: unknown, path = 'spec'): readonly (readonly [path: string, value: unknown])[] {
  if (Array.isArray(node)) return node.flatMap((entry) => listValues(entry, `${path}[]`));
  if (!isObject(node) || Object.keys(node).length === 0) return [[path, node]];
  return Object.entries(node).flatMap(([key, value]) => listValues(value, `${path}.${key}`));
}

function choicesOf(schema: Schema): readonly unknown[] {
  if (schema.enum) return schema.enum;
  return typeof schema.default === 'number' ? [schema.default, schema.maximum] : [sampleOf(schema)];
}

/** Every field set, which no policy could have, and the one in question to the value in question. */
function buildSpec(path: string, value: unknown): PolicyFacts['spec'] {
  return sampleOf(backupPolicySpecSchema, 'spec', { path, value }) as PolicyFacts['spec'];
}

function sampleOf(schema: Schema, path = '', chosen?: { readonly path: string; readonly value: unknown }): unknown {
  if (chosen && path === chosen.path) return chosen.value;
  if (schema.items) return [sampleOf(schema.items, `${path}[]`, chosen)];
  if (schema.properties) {
    const entries = Object.entries(schema.properties);
    return Object.fromEntries(entries.map(([key, property]) => [key, sampleOf(property, `${path}.${key}`, chosen)]));
  }
  // The default of a choice is always carried out, and says nothing of the fields beside it.
  if (schema.enum) return schema.enum.at(-1);
  if (typeof schema.default !== 'object' && schema.default !== undefined) return schema.default;
  return SAMPLES[schema.pattern ?? ''] ?? { integer: 1, boolean: true, object: {} }[schema.type] ?? 'sample';
}

const SAMPLES: Readonly<Record<string, string>> = { [DURATION.pattern]: '1h', [QUANTITY.pattern]: '1Gi' };
