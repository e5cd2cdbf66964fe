// Field paths of reasons, followed into the object that they speak of.
import { isObject } from '../../src/lib/json.ts';

/** Does the path lead to a field that is there, or to one that is missing from a parent that is there? */
export function isFieldOf(object: unknown, path: string): boolean {
  const steps = splitPath(path);
  const last = steps.pop();
  if (last === undefined) return false;
  const parent = steps.reduce(step, object);
  return Array.isArray(parent) ? step(parent, last) !== undefined : isObject(parent);
}

/** `a.b[0].c[NAME]`: fields, then an index, the name of a list's element, or a key that may hold dots. */
function splitPath(path: string): string[] {
  const steps = path.match(/[^.[\]]+|\[[^\]]+\]/g) ?? [];
  return steps.map((text) => text.replace(/^\[|\]$/g, ''));
}

function step(value: unknown, key: string): unknown {
  if (Array.isArray(value)) return /^\d+$/.test(key) ? value[Number(key)] : value.find((each) => each?.name === key);
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}
