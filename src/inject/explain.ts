// Which rule, setting or annotation asked for each field that injection adds. Room: inject (pure).
import type { StatefulSet } from '../api/kubernetes.ts';
import { listDifferences, type Path } from '../lib/difference.ts';
import { isObject } from '../lib/json.ts';
import type { Settings } from '../policy/settings.ts';
import { explainField } from './explain-rules.ts';

export interface Explanation {
  /** Of the field in the injected object. */
  readonly path: string;
  /** On one line. */
  readonly value: string;
  readonly why: string;
}

/** One explanation for each field that differs; `before` is the workload without injection. */
export function explain(before: StatefulSet, after: StatefulSet, settings: Settings): Explanation[] {
  return listDifferences(before, after).flatMap((difference) => {
    if (difference.kind === 'removed') {
      return [{ path: formatPath(difference.at), value: 'removed', why: "rule: replaced by walguard's own" }];
    }
    return divide(difference.path, difference.value).map(([path, value]) => ({
      path: formatPath(path),
      value: formatValue(value),
      why: explainField(path, value, { before, after, settings }),
    }));
  });
}

/** Parts that only make sense as a whole: an item of these lists, and these objects. */
const WHOLE_ITEMS = new Set(['env', 'envFrom', 'ports', 'volumes', 'volumeMounts']);
const WHOLE_OBJECTS = new Set(['resources', 'capabilities', 'seccompProfile']);

function divide(path: Path, value: unknown): (readonly [Path, unknown])[] {
  const [list, key] = [path.at(-2), path.at(-1)];
  const isWhole = typeof key === 'number' ? WHOLE_ITEMS.has(String(list)) : WHOLE_OBJECTS.has(String(key));
  if (isWhole || typeof value !== 'object' || value === null || Object.keys(value).length === 0) return [[path, value]];
  if (Array.isArray(value)) return value.flatMap((item, index) => divide([...path, index], item));
  return Object.entries(value).flatMap(([each, member]) => divide([...path, each], member));
}

export function formatPath(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number' || /[./[\]]/.test(key)) return `${text}[${key}]`;
    return text === '' ? key : `${text}.${key}`;
  }, '');
}

const MAX_LENGTH = 100;

function formatValue(value: unknown): string {
  const text = formatVariable(value) ?? (typeof value === 'string' && value !== '' ? value : JSON.stringify(value));
  const line = text.replace(/\s+/g, ' ');
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH - 3)}...` : line;
}

function formatVariable(value: unknown): string | undefined {
  if (!isObject(value) || typeof value.name !== 'string') return undefined;
  if (typeof value.value === 'string') return `${value.name}=${isSecret(value.name) ? '(not shown)' : value.value}`;
  return isObject(value.valueFrom) ? `${value.name} from ${JSON.stringify(value.valueFrom)}` : undefined;
}

/** A variable copied from the database's container may hold its password in plain text. */
function isSecret(name: string): boolean {
  return /pass|secret|token|key/i.test(name) && !name.endsWith('_FILE');
}
