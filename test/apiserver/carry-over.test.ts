// The carry-over law on a real API server, for every flavour and shape: no new revision, so no restart, unless the user's
// own template changed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { StatefulSet } from '../../src/api/kubernetes.ts';
import { ANNOTATION } from '../../src/api/names.ts';
import { isInjected } from '../../src/inject/strip.ts';
import { CASES } from '../support/cases.ts';
import { kubectl, listObjects, waitFor } from '../support/cluster-client.ts';
import { type Admission, countRevisions, startAdmission } from './admission.ts';

const NAMESPACE = 'mode-enforce';
const NAMES = Object.keys(CASES);

let admission: Admission;

before(async () => {
  admission = await startAdmission();
});

after(() => admission?.stop());

/** The cases as one List, each under its own name, without the fields that no API server knows. */
function manifest(change: (workload: StatefulSet) => void = () => undefined): string {
  const items = Object.entries(CASES).map(([name, build]) => {
    const workload = build();
    workload.metadata = { ...workload.metadata, name, namespace: NAMESPACE };
    workload.spec.selector = { matchLabels: { app: name } };
    const { template } = workload.spec;
    template.metadata = { ...template.metadata, labels: { app: name } };
    change(workload);
    return workload;
  });
  const known = (key: string, value: unknown) => (key === 'futureField' ? undefined : value);
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, known);
}

const run = (args: readonly string[], input?: string) => kubectl(admission.cluster, ['-n', NAMESPACE, ...args], input);
const apply = (input: string, ...args: string[]) => run(['apply', ...args, '-f', '-'], input);

async function readTemplates(): Promise<Map<string, string>> {
  const live = await listObjects(admission.cluster, NAMESPACE, 'statefulsets', '');
  return new Map(live.map(({ metadata, spec }) => [metadata.name, JSON.stringify(spec.template)]));
}

async function assertRevisions(count: number): Promise<void> {
  const expected = NAMES.map((name) => [name, count]).sort();
  await waitFor(`${count} revisions of each`, async () => {
    const counts = await countRevisions(admission.cluster, NAMESPACE);
    return counts.size === NAMES.length;
  });
  assert.deepEqual([...(await countRevisions(admission.cluster, NAMESPACE))].sort(), expected);
}

let stored: Map<string, string>;

test('every shape is accepted by the API server as it is injected', async () => {
  await apply(manifest());
  const live = await listObjects(admission.cluster, NAMESPACE, 'statefulsets', '');
  assert.deepEqual(live.map(({ metadata }) => metadata.name).sort(), [...NAMES].sort());
  for (const each of live) assert.ok(isInjected(each), each.metadata.name);
  await assertRevisions(1);
  stored = await readTemplates();
});

const QUIET: Readonly<Record<string, () => Promise<unknown>>> = {
  'applied again': () => apply(manifest()),
  'applied by the server': () => apply(manifest(), '--server-side', '--force-conflicts'),
  scaled: () => run(['scale', 'statefulset', '--all', '--replicas=2']),
  labelled: () => run(['label', 'statefulset', '--all', 'team=shop']),
  'replaced by the original manifest': () => run(['replace', '-f', '-'], manifest()),
};

for (const version of ['the same walguard', 'a newer walguard'] as const) {
  test(`with ${version}: nothing restarts`, async (context) => {
    if (version === 'a newer walguard') await admission.upgrade('example.test/walguard:2');
    for (const [name, act] of Object.entries(QUIET)) {
      await context.test(name, async () => {
        await act();
        assert.deepEqual(await readTemplates(), stored);
        await assertRevisions(1);
      });
    }
  });
}

test("the user's own change brings one new revision, with the newer injection", async () => {
  await apply(
    manifest(({ spec }) => {
      spec.template.metadata = { ...spec.template.metadata, labels: { ...spec.template.metadata?.labels, wave: '2' } };
    }),
  );
  await assertRevisions(2);
  for (const [name, template] of await readTemplates()) assert.match(template, /example\.test\/walguard:2/, name);
});

test('where the annotation goes, the injection goes, and what is left is what the user wrote', async () => {
  await run(['label', 'namespace', NAMESPACE, 'walguard.dev/mode=warn', '--overwrite']);
  const before = await listObjects(admission.cluster, NAMESPACE, 'statefulsets', '');
  await apply(
    manifest(({ metadata }) => {
      delete metadata.annotations?.[ANNOTATION.policy];
    }),
  );
  const after = await listObjects(admission.cluster, NAMESPACE, 'statefulsets', '');
  for (const [index, each] of after.entries()) {
    assert.ok(!isInjected(each), each.metadata.name);
    assert.doesNotMatch(JSON.stringify(each.spec.template), /example\.test\/walguard|walguard-storage/);
    assert.deepEqual(each.spec.volumeClaimTemplates, before[index].spec.volumeClaimTemplates);
  }
});
