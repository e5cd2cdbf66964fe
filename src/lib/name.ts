// Names of objects derived from other objects' names. Room: lib (pure).
import { shortHash } from './json.ts';

/** A CronJob's name leaves 11 characters for the Jobs it makes: 63 - 11. */
export const MAX_NAME_LENGTH = 52;

/** `base-suffix`; where that is too long for a CronJob, the base is cut and a hash of the whole keeps names apart. */
export function deriveName(base: string, suffix: string): string {
  const full = `${base}-${suffix}`;
  if (full.length <= MAX_NAME_LENGTH) return full;
  const hash = shortHash(full);
  const room = MAX_NAME_LENGTH - suffix.length - hash.length - 2;
  return `${base.slice(0, room).replace(/-+$/, '')}-${hash}-${suffix}`;
}
