// The condition WALIntegrityCheckPassed of one database pod. Room: health (pure).
import type { Instance } from '../api/protected-database.ts';
import { listMembers, newest } from '../lib/cluster-members.ts';
import { type Finding, finding } from './finding.ts';
import type { Terms } from './terms.ts';

/**
 * Of the instance's cluster, whichever member's job looked; undefined where the policy has no verify section: then the condition is
 * left out, and does not stand there as Unknown for ever.
 *
 * | verify section | looked last | with findings | last one that found out | a later one could not | result                |
 * | no             |             |               |                         |                       | none                  |
 * | yes            | never       |               |                         | no                    | Unknown, NotVerified  |
 * | yes            | never       |               |                         | yes                   | Unknown, NotFoundOut  |
 * | yes            | yes         | yes           |                         |                       | False, FindingsExist  |
 * | yes            | yes         | no            | too old                 |                       | Unknown, Stale        |
 * | yes            | yes         | no            | fresh                   |                       | True                  |
 */
export function assessVerification(
  instance: Instance,
  known: readonly Instance[],
  { verificationOverdueSeconds }: Terms,
  now: string,
): Finding | undefined {
  if (verificationOverdueSeconds === undefined) return undefined;
  const members = listMembers(instance, known);
  const { pod } = instance;
  const last = newest(members.map((each) => each.lastVerification));
  const failed = newest(members.map((each) => each.lastFailedVerification));
  const isLater = failed && !(Date.parse(last?.finishedAt ?? '') > Date.parse(failed.finishedAt));
  const trouble = isLater ? `; the last try could not find out: ${failed.message}` : '';
  if (!last) {
    return failed
      ? finding('Unknown', 'NotFoundOut', `${pod}: ${failed.message}`)
      : finding('Unknown', 'NotVerified', `${pod}: no verification has run yet`);
  }
  if (last.result === 'failed') {
    const [first, ...others] = last.findings;
    const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
    return finding('False', 'FindingsExist', `${pod}: ${first?.code}: ${first?.message}${more}${trouble}`);
  }
  const ageSeconds = (Date.parse(now) - Date.parse(last.finishedAt)) / 1000;
  if (ageSeconds > (verificationOverdueSeconds ?? Number.POSITIVE_INFINITY)) {
    return finding('Unknown', 'Stale', `${pod}: verified for the last time at ${last.finishedAt}${trouble}`);
  }
  return finding('True', 'WALIntegrityCheckPassed', `${pod}: verified at ${last.finishedAt}${trouble}`);
}
