// Has an object the shape of a StatefulSet, as far as walguard reads it? An API server sees to that; a file may hold anything.
// Room: inject (pure).
import { Ajv, type ErrorObject } from 'ajv';
import type { Reason } from '../lib/reason.ts';

const TEXT = { type: 'string' };
const TEXTS = { type: 'array', items: TEXT };
const NAMED = { type: 'object', required: ['name'], properties: { name: TEXT } };
const MAP = { type: 'object', additionalProperties: TEXT };

/** An object with some of these fields, and any others. */
const object = (properties: object, required: readonly string[] = []) => ({ type: 'object', properties, required });
const list = (items: object) => ({ type: 'array', items });

const METADATA = object({ name: TEXT, namespace: TEXT, annotations: MAP });
const IDENTITY = object({ runAsUser: { type: 'integer' }, runAsGroup: { type: 'integer' } });
const ENTRY = object({ name: TEXT, value: { type: ['string', 'number', 'boolean'] }, valueFrom: { type: 'object' } }, [
  'name',
]);
const MOUNT = object({ name: TEXT, mountPath: TEXT, subPath: TEXT, subPathExpr: TEXT }, ['name', 'mountPath']);

const CONTAINER = object(
  {
    name: TEXT,
    image: TEXT,
    command: TEXTS,
    args: TEXTS,
    env: list(ENTRY),
    envFrom: list({ type: 'object' }),
    volumeMounts: list(MOUNT),
    securityContext: IDENTITY,
  },
  ['name'],
);

const CLAIM = object({ claimName: TEXT }, ['claimName']);
const VOLUME = object({ name: TEXT, persistentVolumeClaim: CLAIM }, ['name']);
const POD = object(
  { containers: list(CONTAINER), initContainers: list(CONTAINER), volumes: list(VOLUME), securityContext: IDENTITY },
  ['containers'],
);

const STATEFUL_SET = object(
  {
    metadata: { ...METADATA, properties: { ...METADATA.properties, ownerReferences: list(NAMED) } },
    spec: object(
      {
        template: object({ metadata: METADATA, spec: POD }, ['spec']),
        volumeClaimTemplates: list(object({ metadata: NAMED }, ['metadata'])),
      },
      ['template'],
    ),
  },
  ['metadata', 'spec'],
);

const validate = new Ajv({ allErrors: true, strict: false, verbose: true }).compile(STATEFUL_SET);

/** One reason for each field that is not what it must be. Nulls count as wrong; Kubernetes takes them for absent. */
export function findMalformed(workload: unknown): Reason[] {
  return validate(workload) ? [] : (validate.errors ?? []).map(toReason);
}

function toReason({ instancePath, params, keyword, data }: ErrorObject): Reason {
  const path = toFieldPath(instancePath);
  if (keyword === 'required') {
    const field = path === '' ? params.missingProperty : `${path}.${params.missingProperty}`;
    return { code: 'malformed', field, seen: 'missing', remedy: 'Add it; the Kubernetes API wants it.' };
  }
  const seen = Array.isArray(data) ? 'a list' : `a value of type ${data === null ? 'null' : typeof data}`;
  return {
    code: 'malformed',
    field: path || 'the document',
    seen,
    remedy: `The Kubernetes API wants ${NOUNS[params.type] ?? params.type} there.${HINTS[params.type] ?? ''}`,
  };
}

const NOUNS: Readonly<Record<string, string>> = {
  string: 'a string',
  array: 'a list',
  object: 'an object',
  integer: 'an integer',
};

const HINTS: Readonly<Record<string, string>> = { string: ' Numbers, and words such as on or yes, need quotes.' };

/** `/spec/containers/0/env` as `spec.containers[0].env`; keys with a dot or a slash in brackets. */
function toFieldPath(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((key) => (/^\d+$/.test(key) || /[./]/.test(key) ? `[${key}]` : `.${key}`))
    .join('')
    .replace(/^\./, '');
}
