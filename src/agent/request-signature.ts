// Who may ask the sidecar for a base backup: whoever has the storage Secret, which the jobs and the sidecar mount. The request
// is signed with a key made from it; the Secret itself is never sent. Room: agent (door).
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { deriveKey } from './derived-key.ts';
import type { Credentials } from './storage.ts';

export const SIGNATURE_HEADER = 'x-walguard-signature';

/** How far two clocks may be apart, and how long a signature lasts. */
const WINDOW_MS = 120_000;

export interface SignedParts {
  readonly method: string;
  /** `<namespace>/<pod>` of the database pod that is asked: many share one Secret, and a request is for one of them. */
  readonly target: string;
  /** With its query. */
  readonly path: string;
}

/** The header's value: `<Unix milliseconds>:<nonce>:<HMAC-SHA256 in hexadecimal>`. */
export function signRequest(parts: SignedParts, credentials: Credentials, now: number, nonce = randomUUID()): string {
  return `${now}:${nonce}:${digest(parts, credentials, String(now), nonce).toString('hex')}`;
}

/** Seen nonces, until they would be refused for their age anyway. */
export type Seen = Map<string, number>;

/**
 * The first that holds; compared in constant time, and before anything else of a request counts:
 *
 * | header is missing or torn                        | refused |
 * | another key, method, target, path, time or nonce | refused |
 * | older or younger than the window                 | refused |
 * | signed before this process began                 | refused: it may have been used before |
 * | its nonce was used                               | refused |
 * | none of these                                    | taken   |
 *
 * @returns undefined where it is taken; else what is wrong, which tells an outsider nothing
 */
export function refuseRequest(
  header: string | undefined,
  parts: SignedParts,
  credentials: Credentials,
  { seen, begunAt, now }: { readonly seen: Seen; readonly begunAt: number; readonly now: number },
): string | undefined {
  const [, time = '', nonce = '', signature = ''] =
    /^(\d{1,15}):([\w-]{16,64}):([0-9a-f]{64})$/.exec(header ?? '') ?? [];
  const expected = digest(parts, credentials, time, nonce);
  if (!timingSafeEqual(Buffer.from(signature.padEnd(64, '0'), 'hex'), expected)) {
    return 'not signed with the storage Secret that is mounted here';
  }
  const signedAt = Number(time);
  if (Math.abs(now - signedAt) > WINDOW_MS) return 'signed too long ago, or the clocks of two nodes are minutes apart';
  if (signedAt < begunAt) return 'signed before this sidecar began; sign it anew';
  for (const [each, at] of seen) if (now - at > 2 * WINDOW_MS) seen.delete(each);
  if (seen.has(nonce)) return 'sent before; sign it anew';
  seen.set(nonce, now);
  return undefined;
}

function digest({ method, target, path }: SignedParts, credentials: Credentials, time: string, nonce: string): Buffer {
  const key = deriveKey(credentials, 'sidecar');
  return createHmac('sha256', key).update([method, target, path, time, nonce].join('\n')).digest();
}
