// Names of objects derived from other objects' names. Room: lib (pure).
import { shortHash } from './json.ts';

/** A CronJob's name leaves 11 characters for the Jobs it makes: 63 - 11. */
export const MAX_NAME_LENGTH = 52;

/** What the API takes in any name: no dots, which a StatefulSet's own name may have. */
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** What it takes for a Service (RFC 1035): no digit at the beginning, which a StatefulSet's own name may have. */
const SERVICE = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;

/**
 * `base-suffix`; where that is too long for a CronJob, or no name, the base is cut and made one, and a hash of the whole
 * keeps names apart.
 */
export function deriveName(base: string, suffix: string): string {
  return derive(base, suffix, LABEL);
}

/** The same, for a Service. */
export function deriveServiceName(base: string, suffix: string): string {
  return derive(base, suffix, SERVICE);
}

function derive(base: string, suffix: string, allowed: RegExp): string {
  const full = `${base}-${suffix}`;
  if (full.length <= MAX_NAME_LENGTH && allowed.test(full)) return full;
  const hash = shortHash(full);
  const room = MAX_NAME_LENGTH - suffix.length - hash.length - 2;
  const plain = base.replaceAll('.', '-');
  const head = allowed.test(plain.slice(0, 1)) ? plain : `db-${plain}`;
  return `${head.slice(0, room).replace(/-+$/, '')}-${hash}-${suffix}`;
}
