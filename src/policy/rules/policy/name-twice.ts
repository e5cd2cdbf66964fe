// Entries of one list that share a name, and so the objects made from it. Room: policy (pure).
import type { PolicyFacts } from '../../policy-facts.ts';
import type { Finding, Rule } from '../../rule.ts';

export const nameTwice: Rule<PolicyFacts> = {
  id: 'name-twice',
  since: '0.1.0',
  severity: 'deny',
  describe: 'Each entry of drills, of their checks and of notify has a name of its own.',
  remedy: 'Rename one of the two.',
  check: ({ spec: { drills = [], notify = [] } }) => [
    ...findTwice('spec.drills', drills),
    ...findTwice('spec.notify', notify),
    ...drills.flatMap(({ checks = [] }, index) => findTwice(`spec.drills[${index}].checks`, checks)),
  ],
};

function findTwice(path: string, entries: readonly { readonly name: string }[]): readonly Finding[] {
  return entries.flatMap(({ name }, index) => {
    const first = entries.findIndex((entry) => entry.name === name);
    if (first === index) return [];
    return [
      {
        field: `${path}[${index}].name`,
        seen: `"${name}", and so is ${path}[${first}].name`,
        remedy: 'Rename one of the two.',
      },
    ];
  });
}
