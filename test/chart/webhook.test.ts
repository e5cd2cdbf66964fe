// What the cluster must never feel: which objects reach the webhook, and what happens while it is down.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { find, type Labels, type Rendered, render, renderText, type SelectorTerm, type Webhook } from './render.ts';

const MODES = ['enforce', 'warn', 'audit', 'off'] as const;

test('only apps/v1 StatefulSets in namespaces reach a webhook, at creation and update', async () => {
  for (const defaultMode of MODES) {
    for (const webhook of webhooksOf(await render({ defaultMode }))) {
      assert.deepEqual(
        webhook.rules,
        [
          {
            apiGroups: ['apps'],
            apiVersions: ['v1'],
            resources: ['statefulsets'],
            operations: ['CREATE', 'UPDATE'],
            scope: 'Namespaced',
          },
        ],
        webhook.name,
      );
      assert.ok(webhook.timeoutSeconds <= 5, webhook.name);
    }
  }
});

test('mutate is Ignore; Fail stands only where the selector says enforce', async () => {
  for (const defaultMode of MODES) {
    for (const webhook of webhooksOf(await render({ defaultMode }))) {
      const asked = webhook.namespaceSelector.matchExpressions.some(
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
  const [condition] = webhook?.matchConditions ?? [];
  for (const object of ['object', 'oldObject']) {
    const guarded = `(${object} != null && has(${object}.metadata.annotations) && 'walguard.dev/policy' in ${object}.metadata.annotations)`;
    assert.ok(condition?.expression.includes(guarded), guarded);
  }
});

test('an object that is being deleted is not validated', async () => {
  for (const { name, matchConditions } of find(await render(), 'ValidatingWebhookConfiguration', 'walguard').webhooks ??
    []) {
    assert.ok(
      matchConditions.some(({ expression }) => expression.includes('!has(object.metadata.deletionTimestamp)')),
      name,
    );
  }
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
  const webhooks = find(objects, kind, 'walguard').webhooks ?? [];
  return webhooks.filter(({ namespaceSelector }) =>
    namespaceSelector.matchExpressions.every((term) => holds(term, labels)),
  );
}

/** As in Kubernetes: NotIn holds when the label is not there. */
function holds({ key, operator, values = [] }: SelectorTerm, labels: Labels): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}
