// BackupPolicies and Restores on a real API server: what their guards refuse and say, by every verb that they are asked about.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { API_VERSION, REQUESTED_BY_ANNOTATION } from '../../src/api/names.ts';
import type { Instance } from '../../src/api/protected-database.ts';
import { createKube, loadKubeConfig } from '../../src/kube/client.ts';
import { type ApiCalls, type CallAnswer, createApiCalls } from '../support/api-calls.ts';
import { type Live, waitFor } from '../support/cluster-client.ts';
import { assertGolden } from '../support/golden.ts';
import { type Admission, startAdmission } from './admission.ts';
import { applyAdmissionPolicies, waitUntil } from './outage.ts';

const POLICIES = '/apis/walguard.dev/v1alpha1/backuppolicies';
const RESTORES = '/apis/walguard.dev/v1alpha1/namespaces/shop/restores';
const MERGE = 'application/merge-patch+json';
const STORAGE = {
  s3: { prefix: 's3://backups', endpoint: 'https://store.test', credentialsSecret: 'walguard-storage' },
};

let admission: Admission;
let calls: ApiCalls;
const texts = new Map<string, string>();

before(async () => {
  admission = await startAdmission();
  calls = createApiCalls(admission.cluster.kubeconfig, 4);
  for (const name of ['shop', 'empty']) {
    await calls.call('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  await report('orders', 'standard', [instance('orders-0', '1')]);
  await report('carts', 'standard', [instance('carts-0', '2'), instance('carts-1', '3')]);
  await report('fresh', 'standard', []);
});

after(() => {
  calls?.close();
  return admission?.stop();
});

function instance(pod: string, cluster: string): Instance {
  return {
    pod,
    clusterId: cluster,
    storagePrefix: `s3://backups/shop/${pod}/15/${cluster}`,
    firstRecoverabilityPoint: '2026-01-10T02:17:45Z',
    latestRestorableTime: '2026-01-11T09:59:30Z',
  };
}

/** A ProtectedDatabase, as the controller writes it. */
async function report(name: string, policy: string, instances: readonly Instance[]): Promise<void> {
  const kube = createKube(loadKubeConfig({ kubeconfig: admission.cluster.kubeconfig }));
  const database = { apiVersion: API_VERSION, kind: 'ProtectedDatabase', metadata: { name, namespace: 'shop' } };
  await kube.apply(database);
  await kube.applyStatus({ ...database, status: { policy, conditions: [], instances } });
}

const policy = (name: string, spec: object = {}) => ({
  apiVersion: API_VERSION,
  kind: 'BackupPolicy',
  metadata: { name },
  spec: { storage: STORAGE, ...spec },
});

function restore(name: string, time: string, source: object = { database: 'orders' }, statefulSet = `${name}-made`) {
  const spec = { source, target: { time }, destination: { statefulSet } };
  return { apiVersion: API_VERSION, kind: 'Restore', metadata: { name, namespace: 'shop' }, spec };
}

/** The answer in one line: status and codes; the texts of the guards go to the golden file, once each. */
function read(what: string, { status, text, warnings }: CallAnswer): string {
  const { message = '' } = JSON.parse(text) as { message?: string };
  const said = status === 403 ? [message] : warnings.filter((each) => each.startsWith('walguard: '));
  // What the rules over policies say has a golden file of its own.
  const own = said.filter((each) => /(restore-|policy-in-use|storage-moved)/.test(each)).join('\n');
  const fixed = own.replace(/(?<=it is )[0-9T:.-]+Z/, 'NOW');
  if (fixed !== '' && !texts.has(fixed)) texts.set(fixed, what);
  const codes = said.flatMap((each) =>
    [...each.matchAll(/(?:^|request: |- )(?:walguard: )?([a-z-]+): /gm)].map(([, code]) => code),
  );
  return [status, ...codes].join(' ');
}

async function assertAnswer(what: string, asked: Promise<CallAnswer>, expected: string): Promise<void> {
  const answer = await asked;
  assert.equal(read(what, answer), expected, answer.text);
}

describe('BackupPolicies', () => {
  test('one that meets the rules is let in', () =>
    assertAnswer('a good policy', calls.call('POST', POLICIES, policy('good')), '201'));

  test('one that breaks a rule is refused with the field, also in a dry run', async () => {
    const bad = policy('bad', { baseBackup: { schedule: '0 25 * * *' } });
    await assertAnswer('a bad policy', calls.call('POST', POLICIES, bad), '403 schedule-invalid');
    await assertAnswer(
      'a bad policy in a dry run',
      calls.call('POST', `${POLICIES}?dryRun=All`, bad),
      '403 schedule-invalid',
    );
    assert.equal((await calls.call('GET', `${POLICIES}/bad`)).status, 404);
  });

  test('one in use is told of its databases when its storage moves, and is let in', async () => {
    const moved = { spec: { storage: { s3: { prefix: 's3://elsewhere' } } } };
    const patch = (query = '') => calls.call('PATCH', `${POLICIES}/standard${query}`, moved, MERGE);
    const answer = await patch('?dryRun=All');
    assert.match(read('storage moved', answer), /^200 .*storage-moved/);
  });

  test('one in use is not deleted; one that nobody names any more is', async () => {
    const remove = (query = '') => calls.call('DELETE', `${POLICIES}/standard${query}`);
    await assertAnswer('a policy in use, deleted', remove(), '403 policy-in-use');
    await assertAnswer('a policy in use, deleted in a dry run', remove('?dryRun=All'), '403 policy-in-use');
    assert.equal((await calls.call('GET', `${POLICIES}/standard`)).status, 200);
    await assertAnswer('a policy not in use, deleted', calls.call('DELETE', `${POLICIES}/good`), '200');
  });

  test('labels of one in use can be changed', () =>
    assertAnswer(
      'a label',
      calls.call('PATCH', `${POLICIES}/standard`, { metadata: { labels: { a: 'b' } } }, MERGE),
      '200',
    ));
});

describe('Restores', () => {
  const INSIDE = '2026-01-11T08:00:00Z';
  const ROWS: Readonly<Record<string, readonly [body: ReturnType<typeof restore>, expected: string]>> = {
    'into the window': [restore('inside', INSIDE), '201'],
    'before the window': [restore('early', '2026-01-09T00:00:00Z'), '403 restore-target-early'],
    'into the future': [restore('future', '2999-01-01T00:00:00Z'), '403 restore-target-future'],
    'beyond what is archived': [restore('late', '2026-01-12T00:00:00Z'), '201 restore-target-late'],
    'of an unknown database': [restore('unknown', INSIDE, { database: 'order' }), '403 restore-source-unknown'],
    'of an unknown instance': [
      restore('pod', INSIDE, { database: 'orders', instance: 'orders-7' }),
      '403 restore-instance-unknown',
    ],
    'of one of several clusters': [restore('several', INSIDE, { database: 'carts' }), '403 restore-instance-needed'],
    'of a named one': [restore('named', INSIDE, { database: 'carts', instance: 'carts-1' }), '201'],
    'over a database': [restore('over', INSIDE, { database: 'orders' }, 'carts'), '403 restore-destination-taken'],
    'of a database of which nothing is known': [
      restore('fresh', INSIDE, { database: 'fresh' }),
      '201 restore-unverified',
    ],
  };

  for (const [name, [body, expected]] of Object.entries(ROWS)) {
    test(`${name}: ${expected}`, async () => {
      const stored = calls.call('POST', RESTORES, body);
      await assertAnswer(`a restore ${name}`, stored, expected);
      const isThere = (await calls.call('GET', `${RESTORES}/${body.metadata.name}`)).status === 200;
      assert.equal(isThere, expected.startsWith('201'));
    });
  }

  test('in a namespace of which nothing is known a lost cluster can be restored', () => {
    const body = restore('lost', INSIDE);
    body.metadata.namespace = 'empty';
    return assertAnswer(
      'a restore of a lost cluster',
      calls.call('POST', RESTORES.replace('/shop/', '/empty/'), body),
      '201 restore-unverified',
    );
  });

  test('in a dry run it is answered in the same way', async () => {
    const dry = (body: object) => calls.call('POST', `${RESTORES}?dryRun=All`, body);
    await assertAnswer('dry run, early', dry(restore('early', '2026-01-09T00:00:00Z')), '403 restore-target-early');
    assert.equal((await dry(restore('dry', INSIDE))).status, 201);
    assert.equal((await calls.call('GET', `${RESTORES}/dry`)).status, 404);
  });
});

const INSIDE = '2026-01-11T08:00:00Z';

/** A Restore that says who asked for it. */
function claimed(name: string, user: string) {
  const body = restore(name, INSIDE);
  return { ...body, metadata: { ...body.metadata, annotations: { [REQUESTED_BY_ANNOTATION]: user } } };
}

/** Who the API server says that we are. */
async function whoAmI(): Promise<string> {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const { text } = await calls.call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', review);
  return JSON.parse(text).status.userInfo.username;
}

async function requesterOf(name: string): Promise<string | undefined> {
  const { metadata } = JSON.parse((await calls.call('GET', `${RESTORES}/${name}`)).text);
  return metadata.annotations?.[REQUESTED_BY_ANNOTATION];
}

const rename = (name: string, user: string | null) =>
  calls.call('PATCH', `${RESTORES}/${name}`, { metadata: { annotations: { [REQUESTED_BY_ANNOTATION]: user } } }, MERGE);

test('who asked for a Restore is whom the API server knows, and stays that', async () => {
  const me = await whoAmI();
  assert.equal((await calls.call('POST', RESTORES, claimed('claimed', 'mallory'))).status, 201);
  assert.equal(await requesterOf('claimed'), me);
  assert.equal((await calls.call('POST', RESTORES, restore('plain', INSIDE))).status, 201);
  assert.equal(await requesterOf('plain'), me);
  for (const user of ['mallory', null]) {
    assert.equal((await rename('plain', user)).status, 200);
    assert.equal(await requesterOf('plain'), me);
  }
});

test('the audit log has the verdicts', async () => {
  const find = (kind: string, verb: string, name: string) =>
    readFileSync(admission.cluster.auditLog, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Live)
      .find(({ verb: done, objectRef }) => done === verb && objectRef.resource === kind && objectRef.name === name)
      ?.annotations;
  const [early, used] = await waitFor('the audit log', async () => {
    const found = [find('restores', 'create', 'early'), find('backuppolicies', 'delete', 'standard')];
    return found.every(Boolean) && found;
  });
  assert.equal(early['restores.validate.walguard.dev/verdict'], 'restore-target-early');
  assert.equal(early['restores.validate.walguard.dev/violations'], 'restore-target-early spec.target.time');
  assert.equal(used['policies.validate.walguard.dev/verdict'], 'policy-in-use');
});

test('the texts read as the golden file has them', () => {
  const sections = [...texts].map(([text, what]) => `# ${what}\n${text}\n`);
  assertGolden(new URL('golden/guards.txt', import.meta.url), sections.join('\n'));
});

test('while the webhook is away nothing of this waits or fails', async () => {
  await admission.stopWebhook();
  assert.equal((await calls.call('POST', RESTORES, restore('away', '2999-01-01T00:00:00Z'))).status, 201);
  assert.equal((await calls.call('DELETE', `${POLICIES}/standard`)).status, 200);
});

test('and then nobody can say that somebody else asked for a Restore', async () => {
  const me = await whoAmI();
  await applyAdmissionPolicies(admission.cluster, 'enforce');
  await waitUntil('the policy to hold', async () => {
    const { status, text } = await calls.call('POST', `${RESTORES}?dryRun=All`, claimed('forged', 'mallory'));
    if (status === 201) return false;
    assert.equal(status, 403);
    assert.match(text, /requester-forged: .*mallory.*Leave it out/);
    return true;
  });
  assert.equal((await calls.call('POST', RESTORES, claimed('own', me))).status, 201);
  assert.equal((await calls.call('POST', RESTORES, restore('silent', INSIDE))).status, 201);
  assert.equal(await requesterOf('silent'), undefined);
  for (const [name, user] of [
    ['own', 'mallory'],
    ['own', null],
    ['silent', 'mallory'],
  ] as const) {
    const { status, text } = await rename(name, user);
    assert.equal(status, 403, name);
    assert.match(text, /requester-changed: /);
  }
  const label = { metadata: { labels: { a: 'b' } } };
  assert.equal((await calls.call('PATCH', `${RESTORES}/own`, label, MERGE)).status, 200);
});
