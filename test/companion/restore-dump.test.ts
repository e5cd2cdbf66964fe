// The Job of a Restore from a dump: a pod of two containers around the claim that is to be filled.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job, PodSpec } from '../../src/api/kubernetes.ts';
import { DRILL_DIR, STORAGE_DIR, STORAGE_VOLUME } from '../../src/api/names.ts';
import { restoreClaimName } from '../../src/companion/restore.ts';
import { buildLoadJob, type DumpSource } from '../../src/companion/restore-dump.ts';
import { checkPodSecurity } from '../chart/pod-security.ts';
import { CASES } from '../support/cases.ts';
import { openGoldenFolder } from '../support/golden.ts';
import { injected } from '../support/injected.ts';
import { buildLoadOf, buildSubject } from '../support/subjects.ts';
import { toYaml } from '../support/yaml.ts';

const golden = openGoldenFolder(import.meta.url, 'golden-restore-dump/');
const STORED: DumpSource = { storagePrefix: 's3://backups/shop/orders/15/7710543307137138721' };
const ON_CLAIM: DumpSource = { ...STORED, claimOf: 'orders-1' };

function build(name: string, source = STORED, planOnly = false) {
  const subject = buildSubject(injected(CASES[name]?.() ?? assert.fail(name)));
  const restore = buildLoadOf('latest');
  const job = buildLoadJob(subject, { ...restore, spec: { ...restore.spec, planOnly } }, source) as Job;
  return { job, subject, restore, pod: (job.spec as { template: { spec: PodSpec } }).template.spec };
}

const container = (pod: PodSpec, name: string) =>
  [...(pod.initContainers ?? []), ...pod.containers].find((each) => each.name === name) ?? assert.fail(name);
const claimsOf = ({ volumes = [] }: PodSpec) =>
  volumes.flatMap(({ persistentVolumeClaim }) => (persistentVolumeClaim ? [persistentVolumeClaim] : []));

test('the jobs are as the golden files have them', () => {
  golden.assert('plain.job.yaml', toYaml(build('plain').job));
  golden.assert('bitnami-on-claim.job.yaml', toYaml(build('bitnami-chart', ON_CLAIM).job));
  golden.assert('plan.job.yaml', toYaml(build('plain', STORED, true).job));
});

test('there is no golden file that no test compares', () => golden.assertNoStale());

for (const name of Object.keys(CASES)) {
  test(`${name}: the pod satisfies Pod Security restricted, has no access to the API, and tries once`, () => {
    const { job, pod } = build(name, ON_CLAIM);
    assert.deepEqual(checkPodSecurity(pod as never), []);
    assert.deepEqual([pod.automountServiceAccountToken, pod.restartPolicy], [false, 'Never']);
    assert.equal((job.spec as { backoffLimit: number }).backoffLimit, 0);
  });

  test(`${name}: both containers see the new claim where the database has its own; dumps are read-only`, () => {
    const { pod, subject, restore } = build(name, ON_CLAIM);
    const { dataMount } = subject.server;
    const at = (each: string, path: string) =>
      container(pod, each).volumeMounts?.find(({ mountPath }) => mountPath === path);
    assert.equal(at('restore', dataMount.mountPath)?.subPath, dataMount.subPath);
    assert.equal(at('postgres', dataMount.mountPath)?.name, at('restore', dataMount.mountPath)?.name);
    for (const each of ['restore', 'postgres']) assert.ok(at(each, DRILL_DIR));
    assert.deepEqual(claimsOf(pod), [
      { claimName: restoreClaimName(subject, restore) },
      { claimName: 'orders-1-dumps', readOnly: true },
    ]);
    assert.ok(Number(pod.securityContext?.fsGroup) > 0);
  });

  test(`${name}: the database's image sees no storage, no variable and no dump; each mount has its volume`, () => {
    const { pod, subject } = build(name, ON_CLAIM);
    const postgres = container(pod, 'postgres');
    const { image } = subject.server.container;
    assert.deepEqual([postgres.image, postgres.env, postgres.envFrom], [image, undefined, undefined]);
    const names = pod.volumes?.map((each) => each.name) ?? [];
    assert.equal(new Set(names).size, names.length, names.join());
    for (const each of [...(pod.initContainers ?? []), ...pod.containers])
      for (const mount of each.volumeMounts ?? []) assert.ok(names.includes(mount.name), `${each.name}: ${mount.name}`);
    const seen = postgres.volumeMounts?.map((mount) => mount.name) ?? [];
    assert.ok(!seen.includes('dumps') && !seen.includes(STORAGE_VOLUME));
    assert.ok(!postgres.volumeMounts?.some(({ mountPath }) => mountPath === STORAGE_DIR));
  });
}

test('a plan has neither claim nor image, but the dumps where they lie on a claim', () => {
  const { pod } = build('plain', STORED, true);
  assert.deepEqual([pod.initContainers, claimsOf(pod)], [undefined, []]);
  assert.deepEqual(claimsOf(build('plain', ON_CLAIM, true).pod), [{ claimName: 'orders-1-dumps', readOnly: true }]);
});
