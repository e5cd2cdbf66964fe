// The core rule without the webhook: what the chart's ValidatingAdmissionPolicy refuses on a real API server, where, and that
// it speaks as the webhook does. That it never refuses more: admission-policy-law.test.ts.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { StatefulSet } from '../../src/api/kubernetes.ts';
import { ANNOTATION } from '../../src/api/names.ts';
import { kubectl, type Live } from '../support/cluster-client.ts';
import { injected } from '../support/injected.ts';
import { buildWorkload } from '../support/workloads.ts';
import { at, isRefused, webhookWords, wordsOf } from './admission-policy.ts';
import {
  applyAdmissionPolicies,
  createNamespace,
  DRY_RUN,
  MODES,
  type Stage,
  startStage,
  statefulSets,
  store,
  tryCreate,
  waitUntil,
} from './outage.ts';

const NAMESPACE = 'mode-enforce';
let stage: Stage;

before(async () => {
  stage = await startStage();
  for (const [name, workload] of STORED) await store(stage.api, at(NAMESPACE, workload, name));
  await applyAdmissionPolicies(stage.cluster, 'enforce');
  await waitUntil('the policy to hold', async () =>
    isRefused(await tryCreate(stage.api, at(NAMESPACE, buildWorkload()))),
  );
});

after(() => stage?.stop());

describe('the plain shapes of a Postgres', () => {
  const images = [
    'postgres',
    'docker.io/library/postgres:16.4',
    'postgres:17@sha256:0123',
    'registry.example:5000/a/postgres:15',
  ];
  const family = [
    'postgis/postgis:16-3.4',
    'timescale/timescaledb:2.17.2-pg16',
    'pgvector/pgvector:pg17',
    'citusdata/citus:12.1',
  ];
  const data = { name: 'data', mountPath: '/var/lib/postgresql/data' };

  for (const image of [...images, ...family, 'bitnami/postgresql:17']) {
    test(`${image} is refused, with its data on a volume or not, in the webhook's words`, async () => {
      for (const volumeMounts of [[], [data]]) {
        const sent = at(NAMESPACE, buildWorkload({ container: { image, env: [], volumeMounts } }));
        const answer = await tryCreate(stage.api, sent);
        assert.ok(isRefused(answer));
        assert.equal(wordsOf(answer), webhookWords(sent));
      }
    });
  }

  test('a shell around it does not hide one with its data', async () => {
    const container = {
      image: 'postgres:15',
      command: ['sh', '-c', 'exec docker-entrypoint.sh postgres'],
      volumeMounts: [data],
    };
    assert.ok(isRefused(await tryCreate(stage.api, at(NAMESPACE, buildWorkload({ container })))));
  });

  test('a name that the API server makes up is in the words', async () => {
    const { name: _name, ...metadata } = at(NAMESPACE, buildWorkload()).metadata;
    const sent = { ...at(NAMESPACE, buildWorkload()), metadata: { ...metadata, generateName: 'orders-' } };
    assert.match(wordsOf(await tryCreate(stage.api, sent)), /^backup-required: StatefulSet "orders-\w+": /);
  });
});

describe('a slip of the pen is named as the webhook names it', () => {
  const plain = buildWorkload();
  const { template } = plain.spec;
  const annotated = (key: string, value = 'standard') => withAnnotations(plain, { [key]: value });
  const SLIPS: Readonly<Record<string, StatefulSet>> = {
    'a letter left out': annotated('walguard.dev/polcy'),
    'two letters swapped': annotated('walguard.dev/ploicy'),
    'an empty value': annotated(ANNOTATION.policy, ''),
    'as a label': { ...plain, metadata: { ...plain.metadata, labels: { [ANNOTATION.policy]: 'standard' } } },
    'on the pod template': {
      ...plain,
      spec: {
        ...plain.spec,
        template: { ...template, metadata: { ...template.metadata, annotations: { [ANNOTATION.policy]: 'standard' } } },
      },
    },
    'an exemption without a reason': annotated(ANNOTATION.exempt, ' '),
  };
  for (const [name, workload] of Object.entries(SLIPS)) {
    test(name, async () => {
      const sent = at(NAMESPACE, workload);
      assert.equal(wordsOf(await tryCreate(stage.api, sent)), webhookWords(sent));
    });
  }
});

function withAnnotations(workload: StatefulSet, annotations: Record<string, string>): StatefulSet {
  return { ...workload, metadata: { ...workload.metadata, annotations } };
}

const PROTECTED = injected(buildWorkload({ policy: 'standard' }));
const NAMED = buildWorkload({ policy: 'standard' });
const BARE = buildWorkload();
const STORED: ReadonlyMap<string, StatefulSet> = new Map([
  ['protected', PROTECTED],
  ['named', NAMED],
  ['bare', BARE],
]);

describe('an update is refused only where it takes protection away', () => {
  const exempt = (reason: string) => withAnnotations(BARE, { [ANNOTATION.exempt]: reason });
  const redis = buildWorkload({ container: { image: 'redis:7', volumeMounts: [] } });
  const owner = { apiVersion: 'example.test/v1', kind: 'Cluster', name: 'a', uid: 'some-uid', controller: true };
  const TABLE: readonly (readonly [string, string, StatefulSet, boolean])[] = [
    ['protected', 'the same', PROTECTED, false],
    ['protected', 'no policy, injection taken out', BARE, true],
    ['protected', 'no policy, injection still there', withAnnotations(PROTECTED, {}), true],
    ['protected', 'an empty policy', withAnnotations(BARE, { [ANNOTATION.policy]: '' }), true],
    ['protected', 'an exemption with a reason', exempt('a cache'), false],
    ['protected', 'an exemption without one', exempt(''), true],
    ['protected', 'another policy', withAnnotations(BARE, { [ANNOTATION.policy]: 'other' }), false],
    ['protected', 'no Postgres any more', redis, false],
    ['protected', "an operator's own", { ...BARE, metadata: { ...BARE.metadata, ownerReferences: [owner] } }, false],
    ['named', 'no policy: it was never archived', BARE, false],
    ['bare', 'the same', BARE, false],
    ['bare', 'an exemption without a reason', exempt(''), false],
  ];
  for (const [old, what, next, refused] of TABLE) {
    test(`${old}, then ${what}: ${refused ? 'refused' : 'let in'}`, async () => {
      const sent = at(NAMESPACE, next, old);
      const answer = await stage.api.call('PUT', `${statefulSets(NAMESPACE, old)}${DRY_RUN}`, sent);
      assert.equal(isRefused(answer), refused, answer.text);
      if (!refused) return;
      const expected = webhookWords(sent, at(NAMESPACE, STORED.get(old) ?? BARE, old));
      assert.ok(expected !== undefined, 'the webhook refuses it too');
      if (what === 'no policy, injection taken out') assert.equal(wordsOf(answer), expected);
    });
  }

  test('what is being deleted may lose its finalizer', async () => {
    const path = statefulSets(NAMESPACE, 'leaving');
    await createLeaving(path);
    const patch = { metadata: { finalizers: null, annotations: { [ANNOTATION.policy]: null } } };
    const { status } = await stage.api.call('PATCH', path, patch, 'application/merge-patch+json');
    assert.equal(status, 200);
    assert.equal((await stage.api.call('GET', path)).status, 404);
  });

  async function createLeaving(path: string): Promise<void> {
    const leaving = at(NAMESPACE, PROTECTED, 'leaving');
    const metadata = { ...leaving.metadata, finalizers: ['example.test/hold'] };
    await store(stage.api, { ...leaving, metadata });
    await stage.api.call('DELETE', path);
  }
});

/** In each namespace, whether a Postgres without a policy is refused, and never with a warning beside the webhook's. */
async function listRefusing(): Promise<string[]> {
  const refusing: string[] = [];
  for (const namespace of [
    ...MODES.map((mode) => `mode-${mode}`),
    'misspelt',
    'default',
    'kube-system',
    'walguard-system',
  ]) {
    const answer = await tryCreate(stage.api, at(namespace, BARE));
    assert.deepEqual(answer.warnings, [], namespace);
    if (isRefused(answer)) refusing.push(namespace);
  }
  return refusing;
}

describe('where it holds', () => {
  test('enforce, no label and a misspelt one; never in system namespaces', async () => {
    assert.deepEqual(await listRefusing(), ['mode-enforce', 'misspelt', 'default']);
  });

  test('with another defaultMode, only where the namespace itself says enforce', async () => {
    for (const mode of ['warn', 'audit', 'off'] as const) {
      await applyAdmissionPolicies(stage.cluster, mode);
      await waitUntil(mode, async () => !isRefused(await tryCreate(stage.api, at('default', BARE))));
      assert.deepEqual(await listRefusing(), ['mode-enforce'], mode);
      await applyAdmissionPolicies(stage.cluster, 'enforce');
      await waitUntil('enforce', async () => isRefused(await tryCreate(stage.api, at('default', BARE))));
    }
  });

  test('the API server finds no fault in the types of any expression', async () => {
    await waitUntil('the types to be checked', async () =>
      (await readPolicies()).every(({ status }) => status?.typeChecking),
    );
    const policies = await readPolicies();
    assert.equal(policies.length, 3);
    for (const { status } of policies) assert.deepEqual(status.typeChecking, {});
  });
});

async function readPolicies(): Promise<Live[]> {
  const list = await kubectl(stage.cluster, ['get', 'validatingadmissionpolicies', '-o', 'json']);
  return JSON.parse(list).items;
}

describe("a namespace's mode", () => {
  test('that is misspelt is warned of, and the namespace is made', async () => {
    const { status, warnings } = await createNamespace(stage.api, 'typo', 'Enforce');
    assert.equal(status, 201);
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0] ?? '',
      /mode-unknown: metadata\.labels\[walguard\.dev\/mode\] is "Enforce", .*Write one of: enforce, warn, audit, off\.$/,
    );
  });

  test('that is one of the four, or absent, is not', async () => {
    for (const [index, mode] of [...MODES, undefined].entries()) {
      const { status, warnings } = await createNamespace(stage.api, `right-${index}`, mode);
      assert.deepEqual({ status, warnings }, { status: 201, warnings: [] });
    }
  });
});
