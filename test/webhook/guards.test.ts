// The reviews of BackupPolicies and Restores: what is refused, what is said, and that a fault lets through.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BackupPolicySpec } from '../../src/api/backup-policy.ts';
import { API_VERSION } from '../../src/api/names.ts';
import { NOT_PROTECTED, type ProtectedDatabase } from '../../src/api/protected-database.ts';
import { answer, type ReviewContext } from '../../src/webhook/review.ts';
import { openGoldenFolder } from '../support/golden.ts';
import { buildRestoreOf } from '../support/subjects.ts';
import { IMAGE } from '../support/workloads.ts';

const golden = openGoldenFolder(import.meta.url, 'golden/guards/');
const NOW = '2026-11-21T10:00:00.000Z';
const SPEC: BackupPolicySpec = { storage: { s3: { prefix: 's3://backups', credentialsSecret: 'walguard-storage' } } };
const MOVED: BackupPolicySpec = {
  storage: { s3: { prefix: 's3://elsewhere', endpoint: 'https://store.test', credentialsSecret: 'walguard-storage' } },
};

function database(name: string, policy = 'standard', reason = 'NoDrill'): ProtectedDatabase {
  const conditions = [{ type: 'Protected', status: 'False' as const, reason, message: '', lastTransitionTime: NOW }];
  return {
    apiVersion: API_VERSION,
    kind: 'ProtectedDatabase',
    metadata: { name, namespace: 'shop' },
    status: { policy, conditions },
  };
}

const policy = (spec: object = SPEC, more: object = {}) => ({
  apiVersion: API_VERSION,
  kind: 'BackupPolicy',
  metadata: { name: 'standard', ...more },
  spec,
});

function ask(
  route: 'policies' | 'restores',
  request: Record<string, unknown>,
  databases: readonly ProtectedDatabase[] | Error,
) {
  const context: ReviewContext = {
    image: IMAGE,
    engine: 'walrus',
    policies: { find: () => assert.fail('not asked'), list: () => [] },
    listDatabases: async (namespace) => {
      if (databases instanceof Error) throw databases;
      return databases.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace);
    },
    findDrills: () => assert.fail('not asked'),
    now: () => new Date(NOW),
  };
  return answer(route, { uid: 'review-1', request }, context);
}

const USED = [database('orders'), database('carts')];
const create = (spec: object) => ({ operation: 'CREATE', object: policy(spec) });
const update = (object: object, oldObject: object = policy()) => ({ operation: 'UPDATE', object, oldObject });
const remove = () => ({ operation: 'DELETE', object: null, oldObject: policy() });

interface Row {
  readonly request: Record<string, unknown>;
  readonly databases?: readonly ProtectedDatabase[] | Error;
  readonly allowed: boolean;
  /** Of the answer; and of its warnings. */
  readonly code: string;
  readonly warned?: readonly string[];
}

const UNENCRYPTED = ['storage-in-clear'];

const ROWS: Readonly<Record<string, Row>> = {
  'a new policy': { request: create(SPEC), allowed: true, code: 'accepted', warned: [] },
  'a new policy that breaks a rule': {
    request: create({ ...SPEC, baseBackup: { schedule: '0 25 * * *' } }),
    allowed: false,
    code: 'schedule-invalid',
  },
  'a new policy that breaks the schema': { request: create({ storage: {} }), allowed: false, code: 'policy-invalid' },
  'a policy with another label': {
    request: update(policy({ storage: {} }, { labels: { a: 'b' } }), policy({ storage: {} })),
    allowed: true,
    code: 'accepted',
    warned: [],
  },
  'a policy with another schedule': {
    request: update(policy({ ...SPEC, baseBackup: { schedule: '0 3 * * *' } })),
    databases: new Error('not asked'),
    allowed: true,
    code: 'accepted',
    warned: [],
  },
  'a policy in use moves its storage': {
    request: update(policy(MOVED)),
    databases: USED,
    allowed: true,
    code: 'accepted',
    warned: ['storage-moved'],
  },
  'a policy that nobody names moves its storage': {
    request: update(policy(MOVED)),
    databases: [database('orders', 'other')],
    allowed: true,
    code: 'accepted',
    warned: [],
  },
  'a policy in use is deleted': { request: remove(), databases: USED, allowed: false, code: 'policy-in-use' },
  'a policy that very many use is deleted': {
    request: remove(),
    databases: Array.from({ length: 12 }, (_, index) => database(`db-${index}`)),
    allowed: false,
    code: 'policy-in-use',
  },
  'a policy that nobody names is deleted': {
    request: remove(),
    databases: [database('orders', 'other')],
    allowed: true,
    code: 'accepted',
    warned: [],
  },
  'a policy whose databases are gone is deleted': {
    request: remove(),
    databases: [database('orders', 'standard', NOT_PROTECTED)],
    allowed: true,
    code: 'accepted',
    warned: [],
  },
  'the databases cannot be listed': {
    request: remove(),
    databases: new Error('forbidden'),
    allowed: true,
    code: 'fault',
    warned: ['not looked at'],
  },
};

for (const [name, { request, databases = [], allowed, code, warned = [] }] of Object.entries(ROWS)) {
  test(`${name}: ${allowed ? 'let in' : 'refused'}, ${[code, ...warned].join(', ')}`, async () => {
    const { code: given, response } = await ask('policies', request, databases);
    assert.deepEqual([given, response.allowed], [code, allowed]);
    const said = (response.warnings ?? []).map((each) => each.split(': ')[1] ?? '');
    assert.deepEqual(
      said.filter((each) => !UNENCRYPTED.includes(each) && each !== 'not-carried-out'),
      warned,
    );
    assert.equal(response.status?.code, allowed ? undefined : 403);
    assert.equal(response.auditAnnotations?.verdict, code);
  });
}

test('a dry run is answered as the real one would be', async () => {
  const request = { ...remove(), dryRun: true };
  assert.equal((await ask('policies', request, USED)).response.allowed, false);
});

test('a Restore is judged by the databases of its own namespace, and only when it is made', async () => {
  const object = buildRestoreOf('order');
  const elsewhere = { ...database('orders'), metadata: { name: 'orders', namespace: 'other' } };
  const codes = async (operation: string, databases: readonly ProtectedDatabase[]) =>
    (await ask('restores', { operation, namespace: 'shop', object }, databases)).code;
  assert.equal(await codes('CREATE', [database('orders')]), 'restore-source-unknown');
  assert.equal(await codes('CREATE', [elsewhere]), 'accepted');
  assert.equal(await codes('UPDATE', [database('orders')]), 'accepted');
});

test('what is read when a policy that is in use is changed or deleted', async () => {
  const texts = [];
  for (const name of [
    'a policy in use moves its storage',
    'a policy in use is deleted',
    'a policy that very many use is deleted',
  ]) {
    const { request, databases = [] } = ROWS[name] ?? assert.fail(name);
    const { warnings = [], status } = (await ask('policies', request, databases)).response;
    const own = warnings.filter((each) => each.includes('storage-moved'));
    texts.push(`# ${name}\n${status?.message ?? own.join('\n')}\n`);
  }
  golden.assert('policy-use.txt', texts.join('\n'));
});

test('there is no golden file that no test compares', () => golden.assertNoStale());
