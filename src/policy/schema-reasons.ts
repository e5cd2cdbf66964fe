// From an error of the schema's validator to what a person is told: what was seen there, and what to write instead. A value is
// never repeated: it could be somebody's secret in the wrong place. Room: policy (pure).
import type { ErrorObject } from 'ajv';
import { backupPolicySpecSchema } from '../api/backup-policy.ts';
import { isObject } from '../lib/json.ts';
import type { Reason } from '../lib/reason.ts';
import { didYouMean } from '../lib/similar.ts';

type Words = Pick<Reason, 'seen' | 'remedy'>;

/** What is read of the part of the schema that is not met. */
interface Part {
  readonly properties?: object;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
}

/** By the pattern that is not met. */
export const PATTERNS: Readonly<Record<string, Words>> = {
  '^([1-9][0-9]{0,7}s|[1-9][0-9]{0,5}m|[1-9][0-9]{0,4}h|[1-9][0-9]{0,3}d)$': {
    seen: 'no duration of up to 27 years',
    remedy: 'Write a whole number and s, m, h or d, such as 60s, 15m, 36h or 7d.',
  },
  '^[1-9][0-9]*(Mi|Gi|Ti)$': { seen: 'no size', remedy: 'Write a whole number and Mi, Gi or Ti, such as 50Gi.' },
  '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$': {
    seen: 'no name',
    remedy: 'Write small letters, digits and -, with a letter or digit at both ends.',
  },
  '^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^/]+)*$': {
    seen: 'no bucket with a path',
    remedy:
      'Write s3://<bucket>/<path> without a slash at the end; a bucket has 3 to 63 small letters, digits, . and -.',
  },
  '^https?://': { seen: 'no URL', remedy: 'Begin it with https:// or http://.' },
  '^[a-zA-Z_:][a-zA-Z0-9_:]*$': {
    seen: 'no name of a metric',
    remedy: 'Write letters, digits, _ and :, with no digit at the beginning.',
  },
};

/** Longer names are nobody's typing error, and no message should grow with them. */
const LONGEST_NAME = 64;

/** @param error of ajv with `verbose`: it knows the schema that is not met */
export function toReason(error: ErrorObject): Reason {
  const { missingProperty, additionalProperty } = error.params as Readonly<Record<string, string>>;
  const property = missingProperty ?? additionalProperty?.slice(0, LONGEST_NAME);
  const path = error.instancePath.replace(/\/(\d+)(?=\/|$)/g, '[$1]').replaceAll('/', '.');
  const field = `spec${path}${property === undefined ? '' : `.${property}`}`;
  return { code: 'policy-invalid', field, ...explain(error, property ?? '') };
}

function explain({ keyword, params, data, parentSchema }: ErrorObject, property: string): Words {
  const part = (parentSchema ?? {}) as Part;
  switch (keyword) {
    case 'required':
      return { seen: 'missing', remedy: 'Add it.' };
    case 'additionalProperties':
      return explainUnknown(property, part);
    case 'enum':
      return explainEnum(params.allowedValues as readonly string[], data);
    case 'type':
      return {
        seen: `${nameType(data)} where ${nameSchemaType(params.type)} belongs`,
        remedy: explainType(params.type, data),
      };
    case 'pattern':
      return (
        PATTERNS[params.pattern as string] ?? {
          seen: 'not written as it must be',
          remedy: `It must match ${params.pattern}.`,
        }
      );
    case 'minProperties':
    case 'maxProperties':
      return explainChoice(part, data);
    default:
      return explainLimit(keyword, params.limit as number, part);
  }
}

function explainUnknown(property: string, { properties = {} }: Part): Words {
  const places = listPlaces(property);
  const guess = didYouMean(property, Object.keys(properties)).trim();
  const elsewhere = places.length > 0 ? `It belongs into ${joinOr(places)}.` : '';
  return { seen: 'no field of a BackupPolicy', remedy: guess || elsewhere || 'Correct its name, or remove it.' };
}

/** The sections in which there is such a field. */
function listPlaces(property: string): string[] {
  const walk = (schema: unknown, path: string): string[] => {
    if (!isObject(schema)) return [];
    if (isObject(schema.items)) return walk(schema.items, `${path}[]`);
    const properties = isObject(schema.properties) ? schema.properties : {};
    const here = Object.hasOwn(properties, property) ? [path] : [];
    return [...here, ...Object.entries(properties).flatMap(([name, each]) => walk(each, `${path}.${name}`))];
  };
  return walk(backupPolicySpecSchema, 'spec');
}

function explainEnum(allowed: readonly string[], data: unknown): Words {
  const guess = typeof data === 'string' ? didYouMean(data, allowed) : '';
  // YAML 1.1 takes a bare `off` for a boolean.
  const quotes = data === false && allowed.includes('off') ? ' Write "off" in quotes.' : guess;
  return { seen: 'none of the values that it may have', remedy: `Write ${joinOr(allowed)}.${quotes}` };
}

function explainType(wanted: unknown, data: unknown): string {
  if (wanted === 'string' && ['number', 'boolean'].includes(typeof data)) return 'Write it in quotes.';
  if (wanted === 'integer' && typeof data === 'number') return 'Write a whole number.';
  if (wanted !== 'object' && wanted !== 'array' && typeof data === 'string') return 'Write it without quotes.';
  return `Write ${nameSchemaType(wanted)}.`;
}

function nameType(data: unknown): string {
  if (data === undefined || data === null) return 'empty';
  if (Array.isArray(data)) return 'a list';
  return typeof data === 'object' ? 'an object' : `a ${typeof data}`;
}

function nameSchemaType(type: unknown): string {
  if (type === 'array') return 'a list';
  if (type === 'object') return 'an object';
  return type === 'integer' ? 'a whole number' : `a ${type}`;
}

/** An object of which exactly one of some fields is to be given. */
function explainChoice(schema: Part, data: unknown): Words {
  const choice = Object.keys(schema.properties ?? {}).filter((name) => !schema.required?.includes(name));
  const given = choice.filter((name) => isObject(data) && Object.hasOwn(data, name));
  const remedy = `Give exactly one of ${choice.join(', ')}.`;
  return { seen: given.length === 0 ? `without ${choice.join(', ')}` : `one with ${given.join(' and ')}`, remedy };
}

function explainLimit(keyword: string, limit: number, { minimum, maximum }: Part): Words {
  const range = `Write ${minimum ?? 'anything'} ${maximum === undefined ? 'or more' : `to ${maximum}`}.`;
  switch (keyword) {
    case 'minimum':
      return { seen: `below ${limit}`, remedy: range };
    case 'maximum':
      return { seen: `above ${limit}`, remedy: range };
    case 'minLength':
      return { seen: limit === 1 ? 'empty' : `shorter than ${limit} characters`, remedy: 'Write it out.' };
    case 'maxLength':
      return { seen: `longer than ${limit} characters`, remedy: 'Shorten it.' };
    case 'maxItems':
      return { seen: `a list of more than ${limit} entries`, remedy: 'Remove some.' };
    default:
      return { seen: 'not as the schema has it', remedy: 'Compare it with the reference in policies/README.md.' };
  }
}

function joinOr(words: readonly string[]): string {
  return words.length > 1 ? `${words.slice(0, -1).join(', ')} or ${words.at(-1)}` : String(words[0]);
}
