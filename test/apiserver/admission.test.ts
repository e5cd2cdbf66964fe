// Admission on a real API server: what is refused, what is injected, and that nothing restarts by surprise.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ANNOTATION, SIDECAR } from '../../src/api/names.ts';
import { strip } from '../../src/inject/strip.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { getObject, kubectl, type Live, tryKubectl, waitFor } from '../support/cluster-client.ts';
import { buildPostgres } from '../support/install.ts';
import { type Admission, countRevisions, POLICY, startAdmission } from './admission.ts';

const PROTECTED = { [ANNOTATION.policy]: 'standard' };
let admission: Admission;
let cluster: Cluster;

before(async () => {
  admission = await startAdmission();
  cluster = admission.cluster;
});

after(() => admission?.stop());

const apply = (manifest: string, ...args: string[]) => tryKubectl(cluster, ['apply', ...args, '-f', '-'], manifest);
const live = (namespace: string, name: string): Promise<Live> => getObject(cluster, namespace, 'statefulset', name);

const waitForRevisions = (namespace: string, name: string, count: number) =>
  waitFor(`${count} revisions`, async () => (await countRevisions(cluster, namespace)).get(name) === count);

describe('what is refused', () => {
  test('a Postgres without a policy is refused where the mode is enforce, and the message says what to add', async () => {
    const { code, stderr } = await apply(buildPostgres({ namespace: 'mode-enforce', name: 'bare' }));
    assert.equal(code, 1);
    assert.match(stderr, /denied the request: backup-required: StatefulSet "bare": /);
    assert.match(stderr, /Add the annotation walguard\.dev\/policy: standard/);
    assert.doesNotMatch(stderr, /Warning/, 'what refuses is not said twice');
    assert.equal(await live('mode-enforce', 'bare'), undefined);
  });

  test('a namespace without a label is held to the default mode', async () => {
    const { code } = await apply(buildPostgres({ namespace: 'default', name: 'bare' }));
    assert.equal(code, 1);
  });

  test('an unknown policy is refused, and the message lists what there is', async () => {
    const manifest = buildPostgres({
      namespace: 'mode-enforce',
      name: 'bare',
      annotations: { [ANNOTATION.policy]: 'nightly' },
    });
    const { stderr } = await apply(manifest);
    assert.doesNotMatch(stderr, /Warning/, 'the mutating webhook does not say it too');
    assert.match(stderr, /policy-unknown: .*"nightly", which does not exist\. There are: standard\./);
  });

  test('warn lets it in with a warning, audit and off in silence', async () => {
    const warned = await apply(buildPostgres({ namespace: 'mode-warn', name: 'bare' }));
    assert.equal(warned.code, 0);
    assert.match(warned.stderr, /Warning: walguard: backup-required/);
    for (const namespace of ['mode-audit', 'mode-off']) {
      const { code, stderr } = await apply(buildPostgres({ namespace, name: 'bare' }));
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    }
  });

  test('an exemption with a reason is let in', async () => {
    const annotations = { [ANNOTATION.exempt]: 'a cache that is rebuilt from events' };
    const { code } = await apply(buildPostgres({ namespace: 'mode-enforce', name: 'cache', annotations }));
    assert.equal(code, 0);
  });

  test('what is not Postgres is not touched', async () => {
    const redis = buildPostgres({ namespace: 'mode-enforce', name: 'redis' }).replace(
      'docker.io/library/postgres:15',
      'redis:7',
    );
    const { code, stderr } = await apply(redis);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  });

  test('a policy with a wrong field or value is refused by its schema', async () => {
    const { code, stderr } = await apply(
      POLICY.replace('name: standard', 'name: wrong').replace('s3://backups', '/backups'),
    );
    assert.equal(code, 1);
    assert.match(stderr, /spec\.storage\.s3\.prefix/);
  });
});

describe('what is injected, and when it is not', () => {
  const manifest = buildPostgres({ namespace: 'mode-enforce', name: 'orders', annotations: PROTECTED });
  let injected: Live;

  test('one annotation brings the injection in', async () => {
    const { code, stderr } = await apply(manifest);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    injected = await live('mode-enforce', 'orders');
    const { spec } = injected.spec.template;
    assert.equal(spec.initContainers[0].name, SIDECAR);
    assert.equal(spec.initContainers[0].restartPolicy, 'Always');
    assert.ok(spec.containers[0].args.includes('archive_mode=on'));
    await waitForRevisions('mode-enforce', 'orders', 1);
  });

  test('applying it again, by client or by server, changes nothing, and kubectl diff is clean', async () => {
    await apply(manifest);
    assert.equal((await tryKubectl(cluster, ['diff', '-f', '-'], manifest)).code, 0);
    const { code } = await apply(manifest, '--server-side', '--force-conflicts');
    assert.equal(code, 0);
    assert.deepEqual((await live('mode-enforce', 'orders')).spec.template, injected.spec.template);
    await waitForRevisions('mode-enforce', 'orders', 1);
  });

  test('a newer walguard leaves the old injection byte for byte: apply, scale, label, replace make no new revision', async () => {
    await admission.upgrade('example.test/walguard:2');
    await apply(manifest);
    await kubectl(cluster, ['-n', 'mode-enforce', 'scale', 'statefulset', 'orders', '--replicas=2']);
    await kubectl(cluster, ['-n', 'mode-enforce', 'label', 'statefulset', 'orders', 'team=shop']);
    await kubectl(cluster, ['replace', '-f', '-'], manifest);
    const now = await live('mode-enforce', 'orders');
    assert.equal(JSON.stringify(now.spec.template), JSON.stringify(injected.spec.template));
    await waitForRevisions('mode-enforce', 'orders', 1);
  });

  test("the user's own rollout brings the newer injection in", async () => {
    await apply(manifest.replace('postgres:15', 'postgres:16'));
    const now = await live('mode-enforce', 'orders');
    assert.equal(now.spec.template.spec.initContainers[0].image, 'example.test/walguard:2');
    await waitForRevisions('mode-enforce', 'orders', 2);
  });

  test('taking the policy away is refused where it is enforced, and strips cleanly where it is not', async () => {
    const without = buildPostgres({ namespace: 'mode-enforce', name: 'orders' });
    assert.equal((await apply(without)).code, 1);
    const inWarn = buildPostgres({ namespace: 'mode-warn', name: 'orders', annotations: PROTECTED });
    await apply(inWarn);
    assert.ok((await live('mode-warn', 'orders')).spec.template.spec.initContainers);
    const { code } = await apply(buildPostgres({ namespace: 'mode-warn', name: 'orders' }));
    assert.equal(code, 0);
    const now = await live('mode-warn', 'orders');
    assert.equal(now.spec.template.spec.initContainers, undefined);
    assert.deepEqual(strip(now), now);
  });
});

describe('while the webhook is down', () => {
  before(() => admission.stopWebhook());

  test('an enforced namespace admits no new StatefulSet, any other one does', async () => {
    const enforced = await apply(buildPostgres({ namespace: 'mode-enforce', name: 'late', annotations: PROTECTED }));
    assert.match(enforced.stderr, /failed calling webhook "enforce\.validate\.walguard\.dev"/);
    const other = await apply(buildPostgres({ namespace: 'default', name: 'late' }));
    assert.equal(other.code, 0);
  });

  test('a stored injection stays, whatever is updated', async () => {
    await kubectl(cluster, ['-n', 'mode-warn', 'annotate', 'statefulset', 'bare', 'note=x']);
    const now = await live('mode-enforce', 'orders');
    assert.equal(now.spec.template.spec.initContainers[0].name, SIDECAR);
  });
});
