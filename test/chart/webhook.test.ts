// What the cluster must never feel: which objects reach the webhook, and what happens while it is down.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { find, type Labels, type Rendered, render, renderText, type Webhook } from './render.ts';
import { isSelected } from './selector.ts';

const MODES = ['enforce', 'warn', 'audit', 'off'] as const;

const rule = (apiGroup: string, version: string, resource: string, scope: string, operations: readonly string[]) => [
  { apiGroups: [apiGroup], apiVersions: [version], resources: [resource], operations, scope },
];
const STATEFUL_SETS = rule('apps', 'v1', 'statefulsets', 'Namespaced', ['CREATE', 'UPDATE']);

/** Beside the StatefulSets, walguard's own kinds; nobody else's, and no subresource. */
const OWN_KINDS: Readonly<Record<string, unknown>> = {
  'policies.validate.walguard.dev': rule('walguard.dev', 'v1alpha1', 'backuppolicies', 'Cluster', [
    'CREATE',
    'UPDATE',
    'DELETE',
  ]),
  'restores.mutate.walguard.dev': rule('walguard.dev', 'v1alpha1', 'restores', 'Namespaced', ['CREATE', 'UPDATE']),
  'restores.validate.walguard.dev': rule('walguard.dev', 'v1alpha1', 'restores', 'Namespaced', ['CREATE']),
};

test('apps/v1 StatefulSets in namespaces reach a webhook, at creation and update, and of other kinds only its own', async () => {
  for (const defaultMode of MODES) {
    for (const webhook of webhooksOf(await render({ defaultMode }))) {
      assert.deepEqual(webhook.rules, OWN_KINDS[webhook.name] ?? STATEFUL_SETS, webhook.name);
      assert.ok(webhook.timeoutSeconds <= 5, webhook.name);
      assert.equal(webhook.sideEffects, 'None', webhook.name);
      assert.equal(webhook.matchPolicy, 'Equivalent', webhook.name);
    }
  }
});

test('mutate is Ignore; Fail stands only where the selector says enforce', async () => {
  for (const defaultMode of MODES) {
    for (const webhook of webhooksOf(await render({ defaultMode }))) {
      const asked = webhook.namespaceSelector?.matchExpressions.some(
        ({ key, operator, values }) => key === 'walguard.dev/mode' && operator === 'In' && values?.join() === 'enforce',
      );
      assert.equal(webhook.failurePolicy, asked ? 'Fail' : 'Ignore', webhook.name);
    }
  }
});

// The whole table of modes, by evaluating the selectors: label, defaultMode, then the one path that answers.
test('exactly one webhook validates each mode, and an unknown mode falls back to defaultMode', async () => {
  const pathOf = { enforce: '/validate', warn: '/validate/warn', audit: '/validate/audit', off: undefined };
  for (const defaultMode of MODES) {
    const objects = await render({ defaultMode });
    for (const label of [...MODES, undefined, 'enforec', '']) {
      const labels = {
        'kubernetes.io/metadata.name': 'shop',
        ...(label === undefined ? {} : { 'walguard.dev/mode': label }),
      };
      const mode = MODES.find((each) => each === label) ?? defaultMode;
      const paths = matching(objects, 'ValidatingWebhookConfiguration', labels).map(
        ({ clientConfig }) => clientConfig.service.path,
      );
      assert.deepEqual(paths, pathOf[mode] ? [pathOf[mode]] : [], `label ${label}, defaultMode ${defaultMode}`);
      const mutating = matching(objects, 'MutatingWebhookConfiguration', labels).length;
      assert.equal(mutating, label === 'off' ? 0 : 1, `label ${label}, defaultMode ${defaultMode}`);
    }
  }
});

// An entry that came and went would keep the controller's caBundle behind and make `helm upgrade` fail.
test('the names of the webhooks never depend on values', async () => {
  const names = async (values: object) => webhooksOf(await render(values)).map(({ name }) => name);
  const expected = await names({});
  for (const defaultMode of MODES) assert.deepEqual(await names({ defaultMode }), expected, defaultMode);
});

test('system namespaces and the release namespace are never looked at, whatever their label', async () => {
  const objects = await render({}, { namespace: 'backups' });
  for (const namespace of ['kube-system', 'kube-public', 'kube-node-lease', 'backups']) {
    for (const label of [...MODES, undefined]) {
      const labels = { 'kubernetes.io/metadata.name': namespace, ...(label ? { 'walguard.dev/mode': label } : {}) };
      assert.deepEqual(matching(objects, 'MutatingWebhookConfiguration', labels), []);
      assert.deepEqual(matching(objects, 'ValidatingWebhookConfiguration', labels), []);
    }
  }
});

test('the mutating side asks for the annotation on the old or the new object, null-safe', async () => {
  const [webhook] = find(await render(), 'MutatingWebhookConfiguration', 'walguard').webhooks ?? [];
  const condition = webhook?.matchConditions?.find(({ name }) => name === 'names-a-policy');
  for (const object of ['object', 'oldObject']) {
    const guarded = `(${object} != null && has(${object}.metadata.annotations) && 'walguard.dev/policy' in ${object}.metadata.annotations)`;
    assert.ok(condition?.expression.includes(guarded), guarded);
  }
});

test('an object that is being deleted reaches no webhook', async () => {
  for (const { name, matchConditions = [] } of webhooksOf(await render())) {
    // A Restore is looked at when it is created, and only then.
    if (name === 'restores.validate.walguard.dev') continue;
    const [first] = matchConditions;
    assert.equal(first?.expression, 'object == null || !has(object.metadata.deletionTimestamp)', name);
  }
});

// What the expression matches: test/apiserver/prefilter.test.ts.
test('every webhook that validates StatefulSets is asked about none that cannot be a Postgres', async () => {
  const webhooks = find(await render(), 'ValidatingWebhookConfiguration', 'walguard').webhooks ?? [];
  const expressions = webhooks
    .filter(({ name }) => !(name in OWN_KINDS))
    .map(({ matchConditions = [] }) => matchConditions.find(({ name }) => name === 'may-be-postgres')?.expression);
  assert.equal(expressions.length, 4);
  assert.ok(expressions[0]?.includes('postg'));
  assert.equal(new Set(expressions).size, 1);
});

test('caBundle is nowhere: the controller owns it', async () => {
  assert.doesNotMatch(await renderText(), /^[^#]*caBundle/m);
});

test('two replicas that survive a drain, a rollout and a shutdown', async () => {
  const objects = await render();
  const deployment = find(objects, 'Deployment', 'walguard-webhook');
  assert.equal(deployment.spec?.replicas, 2);
  assert.deepEqual(deployment.spec?.strategy, {
    type: 'RollingUpdate',
    rollingUpdate: { maxUnavailable: 0, maxSurge: 1 },
  });
  assert.ok(deployment.spec?.template?.spec.affinity?.podAntiAffinity);
  assert.deepEqual(deployment.spec?.template?.spec.containers[0]?.lifecycle, {
    preStop: { exec: { command: ['sleep', '5'] } },
  });
  const budget = find(objects, 'PodDisruptionBudget', 'walguard-webhook').spec;
  assert.equal(budget?.maxUnavailable, 1);
  assert.equal(budget?.unhealthyPodEvictionPolicy, 'AlwaysAllow');
  assert.deepEqual(budget?.selector, deployment.spec?.selector);
});

function webhooksOf(objects: readonly Rendered[]): readonly Webhook[] {
  const webhooks = objects.flatMap((object) => object.webhooks ?? []);
  assert.ok(webhooks.length >= 4);
  return webhooks;
}

function matching(objects: readonly Rendered[], kind: string, labels: Labels): readonly Webhook[] {
  const webhooks = (find(objects, kind, 'walguard').webhooks ?? []).filter(({ name }) => !(name in OWN_KINDS));
  return webhooks.filter(({ namespaceSelector }) => isSelected(namespaceSelector?.matchExpressions ?? [], labels));
}
