// Has somebody changed what the controller applied? No I/O. Room: controller (door).
import { isObject } from '../lib/json.ts';
import { parseQuantity } from '../lib/quantity.ts';

/**
 * Does the live object say all that was applied? What else it says is somebody else's: defaults, status, a user's own labels.
 * Lists are compared item by item. What the API server leaves out because it is empty, false or zero is the same as said.
 */
export function holds(live: unknown, applied: unknown): boolean {
  if (live === undefined || live === null) return isEmpty(applied);
  if (Array.isArray(applied)) {
    const isSameLength = Array.isArray(live) && live.length === applied.length;
    return isSameLength && applied.every((each, index) => holds(live[index], each));
  }
  if (!isObject(applied)) return live === applied || isSameQuantity(live, applied);
  return isObject(live) && Object.entries(applied).every(([key, value]) => holds(live[key], value));
}

function isEmpty(applied: unknown): boolean {
  if (Array.isArray(applied)) return applied.length === 0;
  return isObject(applied) ? Object.values(applied).every(isEmpty) : !applied;
}

/** The API server rewrites 0.5 to 500m, and 1024Mi to 1Gi. Two numbers that differ do: they may be identifiers. */
function isSameQuantity(live: unknown, applied: unknown): boolean {
  if (typeof live !== 'string' || typeof applied !== 'string' || /^\d+$/.test(live + applied)) return false;
  const amount = readAmount(live);
  return amount !== undefined && amount === readAmount(applied);
}

function readAmount(text: string): number | undefined {
  return /^\d+m$/.test(text) ? Number(text.slice(0, -1)) / 1000 : parseQuantity(text);
}
