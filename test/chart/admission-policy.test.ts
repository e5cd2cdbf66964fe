// The ValidatingAdmissionPolicies: those of policies/admission/, with the release's names; which namespaces they hold, by the
// whole table of modes; and where they are left out.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { CHART_DIR, type Release, type Rendered, render, type SelectorTerm } from './render.ts';
import { isSelected } from './selector.ts';

const MODES = ['enforce', 'warn', 'audit', 'off'] as const;
const KIND = /^ValidatingAdmissionPolicy/;

async function admissionOf(values: object = {}, release: Release = {}): Promise<readonly Rendered[]> {
  return (await render(values, release)).filter(({ kind }) => KIND.test(kind));
}

/** As a user would apply them without the chart. */
function readPlain(): readonly Rendered[] {
  const folder = join(CHART_DIR, '..', 'policies', 'admission');
  return readdirSync(folder).flatMap((file) =>
    parseAllDocuments(readFileSync(join(folder, file), 'utf8')).map((each) => each.toJS() as Rendered),
  );
}

/** Those of the core rule, or of all with a mode of its own; who asked for a Restore holds everywhere. */
function bindingsOf(objects: readonly Rendered[], action: string): readonly Rendered[] {
  return objects.filter(({ kind, spec }) => {
    const actions = spec?.validationActions;
    const isEverywhere = String(spec?.policyName).endsWith('restore-requester');
    return kind.endsWith('Binding') && !isEverywhere && Array.isArray(actions) && actions.includes(action);
  });
}

function termsOf({ spec }: Rendered): readonly SelectorTerm[] {
  const resources = spec?.matchResources as { namespaceSelector: { matchExpressions: SelectorTerm[] } } | undefined;
  return resources?.namespaceSelector.matchExpressions ?? [];
}

test('with the default values the chart installs what policies/admission/ has, and labels', async () => {
  const specs = (objects: readonly Rendered[]) =>
    new Map(objects.map(({ apiVersion, kind, metadata, spec }) => [`${apiVersion} ${kind} ${metadata.name}`, spec]));
  const plain = specs(readPlain());
  assert.equal(plain.size, 7);
  assert.deepEqual(specs(await admissionOf()), plain);
});

// label, defaultMode: what a database without a policy meets while the webhook is down.
test('each mode is refused, noted or left alone, and a misspelt mode falls back to defaultMode', async () => {
  for (const defaultMode of MODES) {
    const objects = await admissionOf({ defaultMode });
    for (const label of [...MODES, undefined, 'enforec', '']) {
      const labels = {
        'kubernetes.io/metadata.name': 'shop',
        ...(label === undefined ? {} : { 'walguard.dev/mode': label }),
      };
      const mode = MODES.find((each) => each === label) ?? defaultMode;
      const count = (action: string) =>
        bindingsOf(objects, action).filter((binding) => isSelected(termsOf(binding), labels)).length;
      const expected = { deny: mode === 'enforce' ? 1 : 0, audit: mode === 'warn' || mode === 'audit' ? 1 : 0 };
      assert.deepEqual(
        { deny: count('Deny'), audit: count('Audit') },
        expected,
        `label ${label}, default ${defaultMode}`,
      );
    }
  }
});

test('system namespaces and the release namespace are never held', async () => {
  const objects = await admissionOf({}, { namespace: 'backups' });
  const bindings = [...bindingsOf(objects, 'Deny'), ...bindingsOf(objects, 'Audit')];
  assert.equal(bindings.length, 2);
  for (const namespace of ['kube-system', 'kube-public', 'kube-node-lease', 'backups']) {
    for (const label of [...MODES, undefined]) {
      const labels = { 'kubernetes.io/metadata.name': namespace, ...(label ? { 'walguard.dev/mode': label } : {}) };
      for (const binding of bindings)
        assert.equal(isSelected(termsOf(binding), labels), false, `${namespace} ${label}`);
    }
  }
});

test('who asked for a Restore is kept true in every namespace', async () => {
  const binding = (await admissionOf()).find(
    ({ kind, metadata }) => kind.endsWith('Binding') && metadata.name === 'walguard-restore-requester',
  );
  assert.deepEqual(binding?.spec, { policyName: 'walguard-restore-requester', validationActions: ['Deny'] });
});

test('an expression that fails stops nobody, and the only warning is of a misspelt mode', async () => {
  const objects = await admissionOf();
  for (const { kind, spec } of objects) if (!kind.endsWith('Binding')) assert.equal(spec?.failurePolicy, 'Ignore');
  const warning = bindingsOf(objects, 'Warn').map(({ metadata }) => metadata.name);
  assert.deepEqual(warning, ['walguard-known-mode']);
});

test('a release of another name has policies of its own, each bound', async () => {
  const objects = await admissionOf({}, { name: 'db' });
  const names = (kind: string) => objects.filter((each) => each.kind === kind).map(({ metadata }) => metadata.name);
  assert.deepEqual(names('ValidatingAdmissionPolicy').sort(), [
    'db-walguard-backup-required',
    'db-walguard-known-mode',
    'db-walguard-restore-requester',
  ]);
  for (const { spec } of objects.filter(({ kind }) => kind.endsWith('Binding'))) {
    assert.ok(names('ValidatingAdmissionPolicy').includes(String(spec?.policyName)));
  }
});

test('left out on request, and before Kubernetes 1.30', async () => {
  assert.deepEqual(await admissionOf({ admissionPolicy: { enabled: false } }), []);
  for (const [kubeVersion, count] of [
    ['v1.29.14', 0],
    ['v1.29.14-eks-1', 0],
    ['v1.30.0', 7],
    ['v1.30.0-gke.1', 7],
    ['v1.34.4', 7],
  ] as const) {
    assert.equal((await admissionOf({}, { kubeVersion })).length, count, kubeVersion);
  }
});
