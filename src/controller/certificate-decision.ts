// What is renewed, and which authorities are trusted meanwhile: decisions without I/O. Room: controller (door).

/** `due`: two thirds of its life are over. `unusable`: missing, damaged, or not what belongs here. */
export type Condition = 'good' | 'due' | 'unusable';

export type Renewal = 'nothing' | 'leaf' | 'ca';

/**
 * | CA             | leaf           | asked for by annotation | renewed         |
 * | unusable, due  |                |                         | ca, and so leaf |
 * | good           |                | ca                      | ca, and so leaf |
 * | good           | unusable, due  | leaf, nothing           | leaf            |
 * | good           | good           | leaf                    | leaf            |
 * | good           | good           | nothing                 | nothing         |
 *
 * A leaf alone changes nothing for the API server, so the CA is kept as long as it is good.
 */
export function decideRenewal(authority: Condition, serving: Condition, asked: 'leaf' | 'ca' | undefined): Renewal {
  if (authority !== 'good' || asked === 'ca') return 'ca';
  return serving !== 'good' || asked === 'leaf' ? 'leaf' : 'nothing';
}

/**
 * Whether the API server goes on trusting the authorities that it was given before:
 *
 * | the Secret's are published | the leaf or the publication is younger than the overlap | older ones are |
 * | no                         |                                                         | kept           |
 * | yes                        | yes                                                     | kept           |
 * | yes                        | no                                                      | dropped        |
 *
 * A replica takes up a new leaf once its authority is published, and the kubelet needs its time to bring it there; until
 * then it serves the old one, for which the old authority must stand.
 */
export function keepsOlder(isPublished: boolean, ageMs: number, overlapMs: number): boolean {
  return !isPublished || ageMs < overlapMs;
}
