// Who may write below one cluster's prefix. The prefix holds namespace, StatefulSet, major and system identifier, so a
// second writer is a copy of the same Postgres cluster under the same names. No I/O. Room: agent (door).

/** In the store, below the cluster's prefix. Times are RFC 3339. */
export interface OwnerRecord {
  /** Random, of one run of a sidecar. */
  readonly writer: string;
  /** Fingerprint of the Kubernetes cluster; absent where it could not be told. */
  readonly installation?: string;
  readonly namespace: string;
  readonly database: string;
  readonly pod: string;
  readonly node: string;
  /** That Postgres wrote then. */
  readonly timeline?: number;
  /** Fingerprint of the key that the archive is encrypted with; absent where it is not. */
  readonly encryptionKeyId?: string;
  /** Of a prefix that nobody may write to any more: the restore in place for which its database left it. */
  readonly leftFor?: string;
  /** When this writer came. */
  readonly since: string;
  readonly renewedAt: string;
}

/** Who asks: since and renewedAt are for the one who gets it. A job has no writer; it asks in the place of its database pod. */
export type Claimant = Omit<OwnerRecord, 'since' | 'renewedAt' | 'writer' | 'leftFor'> & { readonly writer?: string };

export type OwnerVerdict =
  | {
      readonly kind: 'ours';
      readonly since: string;
      /** The one whose place is taken, where that is worth saying. */
      readonly warning?: string;
    }
  | {
      readonly kind: 'refused';
      readonly reason: 'OwnedByAnother' | 'KeyChanged' | 'LeftByRestore';
      readonly message: string;
    };

/** An owner that has not been heard of for this long is gone. */
const GONE_AFTER_MS = 10 * 60_000;

/**
 * | record of    | key       | renewed     | installations   | pod     | both write the same timeline | verdict                  |
 * | nobody       |           |             |                 |         |                              | ours                     |
 * | nobody: it was left by a restore in place |   |         |         |                              | refused: LeftByRestore   |
 * | anybody      | another   |             |                 |         |                              | refused: KeyChanged      |
 * | this writer  | the same  |             |                 |         |                              | ours, since then         |
 * | somebody     | the same  | lately      | known, differ   |         |                              | refused: OwnedByAnother  |
 * | somebody     | the same  | long ago    | known, differ   |         |                              | ours, with a warning     |
 * | somebody     | the same  | lately      | the same or not known | another | yes                    | refused: OwnedByAnother  |
 * | somebody     | the same  | long ago    | the same or not known |         |                        | ours                     |
 * | somebody     | the same  | lately      | the same or not known | the same, or not the same timeline | ours          |
 *
 * A restart has the pod's name, a promoted standby has a later timeline. Two pods on one timeline are a copy of a volume.
 */
export function decideOwner(record: OwnerRecord | undefined, claimant: Claimant, now: string): OwnerVerdict {
  if (!record) return { kind: 'ours', since: now };
  if (record.leftFor !== undefined) return refuseLeft(record.leftFor);
  if (record.encryptionKeyId !== claimant.encryptionKeyId) return refuseKey(record, claimant);
  if (record.writer === claimant.writer) return { kind: 'ours', since: record.since };
  const isLately = Math.abs(Date.parse(now) - Date.parse(record.renewedAt)) < GONE_AFTER_MS;
  const [theirs, own] = [record.installation, claimant.installation];
  if (theirs !== undefined && own !== undefined && theirs !== own) {
    if (isLately) return refuse(record, 'in another Kubernetes cluster');
    return {
      kind: 'ours',
      since: now,
      warning: `taken over from ${describe(record)}, in another Kubernetes cluster, last seen ${record.renewedAt}`,
    };
  }
  const isSameTimeline = claimant.timeline !== undefined && record.timeline === claimant.timeline;
  if (isLately && isSameTimeline && record.pod !== claimant.pod) return refuse(record, 'on the same timeline');
  return { kind: 'ours', since: now };
}

const KEPT = 'WAL is kept here and nothing is written';

function describe({ namespace, pod, node }: OwnerRecord): string {
  return node === '' ? `${namespace}/${pod}` : `${namespace}/${pod} on node ${node}`;
}

function refuse(record: OwnerRecord, where: string): OwnerVerdict {
  const who = `${describe(record)}, ${where}, last seen ${record.renewedAt}`;
  const remedy =
    'End one of the two, or give this one a policy with another prefix; ten minutes after the other was last seen this one takes over';
  return {
    kind: 'refused',
    reason: 'OwnedByAnother',
    message: `another copy of this database writes to the same prefix: ${who}. ${KEPT}. ${remedy}`,
  };
}

function refuseLeft(leftFor: string): OwnerVerdict {
  return {
    kind: 'refused',
    reason: 'LeftByRestore',
    message: `the database that archived here was restored in place (${leftFor}), and archives elsewhere since; the data that are here do not say so. ${KEPT}. Put walguard-restore.done.json back into the data directory; or, if these are the data of before, put them back by walguard restore --undo`,
  };
}

function refuseKey({ encryptionKeyId: was }: OwnerRecord, { encryptionKeyId: is }: Claimant): OwnerVerdict {
  const begun = was === undefined ? 'without encryption' : 'with another key';
  const remedy =
    was === undefined
      ? 'Give it a policy with another prefix: one archive is encrypted as a whole, or not at all'
      : 'Put the old key back, or give it a policy with another prefix';
  const now = is === undefined ? ', and there is none now' : '';
  return {
    kind: 'refused',
    reason: 'KeyChanged',
    message: `the archive was begun ${begun}${now}. ${KEPT}. ${remedy}`,
  };
}
