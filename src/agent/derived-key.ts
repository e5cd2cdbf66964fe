// Keys of our own, made from the storage Secret: what is signed with one is good for nothing at the store. Room: agent (door).
import { createHmac } from 'node:crypto';
import type { Credentials } from './storage.ts';

/** One for each purpose: what was signed for one is worth nothing for another. */
export function deriveKey({ AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY }: Credentials, purpose: string): Buffer {
  return createHmac('sha256', AWS_SECRET_ACCESS_KEY).update(`walguard ${purpose} v1 ${AWS_ACCESS_KEY_ID}`).digest();
}
