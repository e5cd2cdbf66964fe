// The Job of a Restore into a new database: a dump's pod, without the data's claim.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job, PodSpec } from '../../src/api/kubernetes.ts';
import { STORAGE_VOLUME } from '../../src/api/names.ts';
import { buildNewDatabaseJob } from '../../src/companion/new-database.ts';
import { checkPodSecurity } from '../chart/pod-security.ts';
import { CASES } from '../support/cases.ts';
import { openGoldenFolder } from '../support/golden.ts';
import { injected } from '../support/injected.ts';
import { buildLoadIntoOf, buildSubject } from '../support/subjects.ts';
import { toYaml } from '../support/yaml.ts';

const golden = openGoldenFolder(import.meta.url, 'golden-new-database/');
const STORED = { storagePrefix: 's3://backups/shop/orders/15/7710543307137138721' };
const ON_CLAIM = { ...STORED, claimOf: 'orders-1' };
const SERVER = { pod: 'orders-0', freeBytes: 5_000_000_000 };

function build(name: string, source: { storagePrefix: string; claimOf?: string } = STORED, planOnly = false) {
  const subject = buildSubject(injected(CASES[name]?.() ?? assert.fail(name)));
  const restore = buildLoadIntoOf({ name: 'shop_again', of: 'shop', swap: 'shop' });
  const wish = { restore: 'undo', name: '$(shop) again', of: 'shop', swap: 'shop' };
  const wanted = { ...restore, spec: { ...restore.spec, planOnly } };
  const job = buildNewDatabaseJob(subject, wanted, wish, source, SERVER) as Job;
  return { job, subject, pod: (job.spec as { template: { spec: PodSpec } }).template.spec };
}

test('the jobs are as the golden files have them', () => {
  golden.assert('plain.job.yaml', toYaml(build('plain').job));
  golden.assert('plan-on-claim.job.yaml', toYaml(build('plain', ON_CLAIM, true).job));
});

test('there is no golden file that no test compares', () => golden.assertNoStale());

for (const name of Object.keys(CASES)) {
  test(`${name}: Pod Security restricted, no API, one try; the data's claim is not there`, () => {
    const { job, pod, subject } = build(name, ON_CLAIM);
    assert.deepEqual(checkPodSecurity(pod as never), []);
    assert.deepEqual([pod.automountServiceAccountToken, pod.restartPolicy], [false, 'Never']);
    assert.equal((job.spec as { backoffLimit: number }).backoffLimit, 0);
    const claims = pod.volumes?.filter(({ persistentVolumeClaim }) => persistentVolumeClaim) ?? [];
    assert.deepEqual(
      claims.map((each) => each.persistentVolumeClaim),
      [{ claimName: 'orders-1-dumps', readOnly: true }],
    );
    const client = pod.initContainers?.find((each) => each.name === 'client') ?? assert.fail('no client');
    assert.deepEqual(
      [client.image, client.env, client.envFrom],
      [subject.server.container.image, undefined, undefined],
    );
    const seen = client.volumeMounts?.map((mount) => mount.name) ?? [];
    assert.ok(!seen.includes('dumps') && !seen.includes(STORAGE_VOLUME));
  });
}
