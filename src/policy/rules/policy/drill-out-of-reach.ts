// A drill in a namespace where what it restores from cannot be had. Room: policy (pure).
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Finding, Rule } from '../../rule.ts';

export const drillOutOfReach: Rule<PolicyFacts> = {
  id: 'drill-out-of-reach',
  since: '0.1.0',
  severity: 'deny',
  describe:
    'What a drill in another namespace restores from is a bucket: volumes are to be had in their own namespace alone.',
  remedy: 'Keep what it restores from in a bucket, or run the drill beside its database: remove its namespace.',
  check: ({ spec }) => (spec.drills ?? []).flatMap((drill, index) => describe(spec, drill, `spec.drills[${index}]`)),
};

type Drill = NonNullable<PolicyFacts['spec']['drills']>[number];

/**
 * | namespace | storage | source     | dumps go to | finding                               |
 * | none      |         |            |             | none                                  |
 * | given     | volume  |            |             | its server and Secret are not there   |
 * | given     | s3      | dump       | volume      | the claim is not there                |
 * | given     | s3      | otherwise  |             | none                                  |
 */
function describe({ storage, dump }: PolicyFacts['spec'], drill: Drill, path: string): readonly Finding[] {
  const { namespace, source } = drill;
  if (namespace === undefined) return [];
  const field = `${path}.namespace`;
  if (storage.volume !== undefined) {
    const seen = `${namespace}, and spec.storage.volume can be read in the database's own namespace alone`;
    return [{ field, seen, remedy: 'Remove it, or name a bucket: spec.storage.s3.' }];
  }
  if (source !== 'dump' || dump?.destination.volume === undefined) return [];
  const seen = `${namespace}, and spec.dump.destination.volume is a claim in the database's own namespace`;
  return [{ field, seen, remedy: 'Remove it, or write spec.dump.destination: {storage: {}}.' }];
}
