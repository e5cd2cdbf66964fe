// The condition StorageReachable of one database pod: what its sidecar's last probe of the store said. Room: health (pure).
import type { Instance } from '../api/protected-database.ts';
import { type Finding, finding } from './finding.ts';

/** Five probes that did not come. */
const STALE_MS = 5 * 60_000;

/**
 * | probe    | age         | reason         | result                                |
 * | none     |             |                | Unknown: NotProbed                    |
 * | there    | > 5 minutes |                | Unknown: Stale                        |
 * | there    | fresh       | one            | False: that reason                    |
 * | there    | fresh       | none, not both | False: NotReadable, NotWritable       |
 * | there    | fresh       | none           | True: StorageReachable                |
 *
 * A standby is asked too: it may have to archive at any moment. What another one writes to is reachable, and of no use here.
 */
export function assessStorage({ pod, storage, message }: Instance, now: string): Finding {
  if (!storage) return finding('Unknown', 'NotProbed', `${pod}: ${message ?? 'the store has not been asked yet'}`);
  const { checkedAt, readable, writable } = storage;
  if (Date.parse(now) - Date.parse(checkedAt) > STALE_MS) {
    return finding('Unknown', 'Stale', `${pod}: the store was asked last at ${checkedAt}`);
  }
  const reason = storage.reason ?? (readable ? (writable ? undefined : 'NotWritable') : 'NotReadable');
  if (reason !== undefined) {
    return finding('False', reason, `${pod}: ${storage.message ?? 'the store does not do what is needed'}`);
  }
  return finding('True', 'StorageReachable', `${pod}: the store reads and writes`);
}
