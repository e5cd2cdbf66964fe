// Is the chain of one database's records whole? Digests and what signatures gave come as data. Room: lib (pure).

/**
 * good: the signature is right, by a key that is trusted, or by the record's own where none was named. altered: it does not fit
 * the record. another-key: it does, but the key is none of those trusted. none: it is not signed.
 */
export type Seal = 'good' | 'altered' | 'another-key' | 'none';

export interface ChainLink {
  readonly id: string;
  /** SHA-256 of the record's text, in hexadecimal. */
  readonly sha256: string;
  readonly previous?: string | undefined;
  readonly seal: Seal;
}

/** How a record hangs on the others: `isWhole` is false where something is wrong. */
export interface Joint {
  readonly kind:
    | 'first'
    | 'continues'
    | 'linked'
    | 'same-id'
    | 'begins-again'
    | 'fork'
    | 'skips'
    | 'out-of-order'
    | 'after-altered'
    | 'gap';
  readonly isWhole: boolean;
  /** In words. */
  readonly says: string;
}

/**
 * | place | its previous is                                      | the record before | joint         | whole |
 * | first | absent                                               |                   | first         | yes   |
 * | first | of none here                                         |                   | continues     | yes   |
 * | any   | of a later one                                       | any               | out-of-order  | no    |
 * | later | any; its id is that of the record before             | any               | same-id       | no    |
 * | later | absent                                               | any               | begins-again  | no    |
 * | later | of the record before                                 | any               | linked        | yes   |
 * | later | the same as that of another one before it            | any               | fork          | no    |
 * | later | of an earlier one, and no other's before it          | any               | skips         | no    |
 * | later | of none here                                         | altered           | after-altered | no    |
 * | later | of none here                                         | not altered       | gap           | no    |
 *
 * That the newest records are missing cannot be seen in a chain: who needs to know compares the last id with another place.
 *
 * @param links of one database, sorted by id
 */
export function judgeChain(links: readonly ChainLink[]): Joint[] {
  return links.map((link, index) => judgeLink(links, link, index));
}

function judgeLink(links: readonly ChainLink[], { id, previous }: ChainLink, index: number): Joint {
  const before = links[index - 1];
  const broken = (kind: Joint['kind'], says: string): Joint => ({ kind, isWhole: false, says });
  const later = previous === undefined ? undefined : links.slice(index + 1).find(({ sha256 }) => sha256 === previous);
  if (later) return broken('out-of-order', `it follows ${later.id}, which is later than itself`);
  if (!before) {
    return previous === undefined
      ? { kind: 'first', isWhole: true, says: 'the first record of this database' }
      : { kind: 'continues', isWhole: true, says: 'the records before it are not among these' };
  }
  if (before.id === id) return broken('same-id', 'another record has the same id');
  if (previous === undefined)
    return broken('begins-again', `it says that it is the first of this database, but ${before.id} was before it`);
  if (previous === before.sha256) return { kind: 'linked', isWhole: true, says: `it follows ${before.id}` };
  const twin = links.slice(0, index).find((each) => each.previous === previous);
  if (twin) return broken('fork', `it and ${twin.id} both say that they follow the same record`);
  const earlier = links.find(({ sha256 }) => sha256 === previous);
  if (earlier) return broken('skips', `it follows ${earlier.id}, and not ${before.id}, which was between them`);
  if (before.seal === 'altered')
    return broken(
      'after-altered',
      `it follows ${before.id} as that was before it was altered, or a record that is missing`,
    );
  return broken('gap', `what it follows is not here: a record after ${before.id} is missing, or that one was altered`);
}
