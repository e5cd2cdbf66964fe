// What a record must look like before anything else reads it: it comes from a file that anybody may have written.
// Fields that are not known are let be, so that a newer walguard's records can be read. Room: lib (pure).

import { isObject } from '../json.ts';
import { timeOfEvidence } from './id.ts';
import { EVIDENCE_CHECK_RESULTS, EVIDENCE_OUTCOMES, EVIDENCE_PHASES } from './words.ts';

/** What is wrong, and where; undefined where nothing is. */
type Shape = (value: unknown, path: string) => string | undefined;

const text: Shape = (value, path) => (typeof value === 'string' ? undefined : `${path} is no text`);

const amount: Shape = (value, path) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? undefined : `${path} is no number of 0 or more`;

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;
const time: Shape = (value, path) =>
  typeof value === 'string' && TIME.test(value) && !Number.isNaN(Date.parse(value))
    ? undefined
    : `${path} is no time of RFC 3339`;

const yes: Shape = (value, path) => (value === true ? undefined : `${path} is not true`);

function oneOf(...words: readonly string[]): Shape {
  return (value, path) => (words.includes(value as string) ? undefined : `${path} is none of ${words.join(', ')}`);
}

function matching(holds: (value: string) => boolean, what: string): Shape {
  return (value, path) => (typeof value === 'string' && holds(value) ? undefined : `${path} is no ${what}`);
}

function list(item: Shape): Shape {
  return (value, path) => {
    if (!Array.isArray(value)) return `${path} is no list`;
    return firstProblem(value.map((each, index) => () => item(each, `${path}[${index}]`)));
  };
}

function object(required: Readonly<Record<string, Shape>>, optional: Readonly<Record<string, Shape>> = {}): Shape {
  return (value, path) => {
    if (!isObject(value)) return `${path || 'it'} is no object`;
    const at = (key: string) => (path === '' ? key : `${path}.${key}`);
    return firstProblem([
      ...Object.entries(required).map(
        ([key, shape]) =>
          () =>
            Object.hasOwn(value, key) ? shape(value[key], at(key)) : `${at(key)} is missing`,
      ),
      ...Object.entries(optional).map(
        ([key, shape]) =>
          () =>
            Object.hasOwn(value, key) ? shape(value[key], at(key)) : undefined,
      ),
    ]);
  };
}

function firstProblem(looks: readonly (() => string | undefined)[]): string | undefined {
  for (const look of looks) {
    const problem = look();
    if (problem !== undefined) return problem;
  }
  return undefined;
}

const target = object({}, { time: text, lsn: text, xid: text, name: text, immediate: yes, latest: yes, backup: text });

const phase = object(
  { name: oneOf(...EVIDENCE_PHASES), startedAt: time, seconds: amount },
  { bytes: amount, command: text },
);

const check = object(
  { name: text, result: oneOf(...EVIDENCE_CHECK_RESULTS), seen: text, seconds: amount },
  { expected: text },
);

const sha256 = matching((value) => /^[0-9a-f]{64}$/.test(value), 'SHA-256 in hexadecimal');

const digests = object({}, { engine: sha256, postgres: sha256 });

const evidence = object(
  {
    apiVersion: oneOf('walguard.dev/v1alpha1'),
    kind: oneOf('Evidence'),
    id: matching((value) => timeOfEvidence(value) !== undefined, 'id of a record'),
    what: oneOf('drill', 'restore'),
    name: text,
    requestedBy: text,
    database: object({ namespace: text, name: text, instance: text, systemIdentifier: text, storagePrefix: text }),
    policy: text,
    target: object({ asked: text, resolved: target }),
    outcome: oneOf(...EVIDENCE_OUTCOMES),
    message: text,
    startedAt: time,
    finishedAt: time,
    phases: list(phase),
    objectives: object({}, { rtoSeconds: amount, rpoSeconds: amount }),
    checks: list(check),
    versions: object({ walguard: text, engine: text }, { postgres: text, image: text, digests }),
  },
  {
    recovery: object({ baseBackup: text }, { lastTransactionAt: time, rtoSeconds: amount, achievedRpoSeconds: amount }),
    restore: object({ uid: text, destination: text }),
    previous: sha256,
  },
);

/** @returns what of the value is not as a record has it, with the field's path; undefined where all is */
export function findShapeProblem(value: unknown): string | undefined {
  return evidence(value, '');
}
