import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject, PodSpec } from '../../src/api/kubernetes.ts';
import { LABEL, STORAGE_DIR } from '../../src/api/names.ts';
import { buildDumpClaim, buildDumpCronJob } from '../../src/companion/dump.ts';
import { type Instance, listInstances } from '../../src/companion/instance.ts';
import type { DumpSettings } from '../../src/policy/settings.ts';
import { checkPodSecurity } from '../chart/pod-security.ts';
import { CASES } from '../support/cases.ts';
import { openGoldenFolder } from '../support/golden.ts';
import { injected } from '../support/injected.ts';
import { buildSubject } from '../support/subjects.ts';
import { toYaml } from '../support/yaml.ts';

const golden = openGoldenFolder(import.meta.url, 'golden-dump/');

const STORAGE: DumpSettings = {
  schedule: '0 2 * * *',
  timeZone: 'Europe/Berlin',
  tool: 'pg_dumpall',
  format: 'gzip',
  destination: { storage: {} },
  keepSeconds: 604_800,
  timeoutSeconds: 7200,
};
const VOLUME = { size: '10Gi', storageClassName: 'cheap' };
const TO_VOLUME: DumpSettings = { ...STORAGE, tool: 'pg_dump', format: 'custom', destination: { volume: VOLUME } };

interface CronJobSpec {
  readonly concurrencyPolicy: string;
  readonly suspend: boolean;
  readonly startingDeadlineSeconds: number;
  readonly jobTemplate: { readonly spec: JobSpec };
}
interface JobSpec {
  readonly activeDeadlineSeconds: number;
  readonly template: { readonly spec: PodSpec };
}

function subjectOf(name: string) {
  const workload = injected(CASES[name]?.() ?? assert.fail(name));
  workload.metadata.uid = 'uid-of-orders';
  return buildSubject(workload);
}

function build(
  name = 'plain',
  dump = STORAGE,
  suspend = false,
): { object: KubeObject; spec: CronJobSpec; pod: PodSpec } {
  const subject = subjectOf(name);
  const object = buildDumpCronJob(subject, listInstances(subject)[0] as Instance, dump, suspend);
  const spec = object.spec as CronJobSpec;
  return { object, spec, pod: spec.jobTemplate.spec.template.spec };
}

const container = (pod: PodSpec, name: string) =>
  [...(pod.initContainers ?? []), ...pod.containers].find((each) => each.name === name) ?? assert.fail(name);

test('the companions are as the golden files have them', () => {
  golden.assert('storage.cronjob.yaml', toYaml(build().object));
  golden.assert('volume.cronjob.yaml', toYaml(build('plain', TO_VOLUME, true).object));
  const subject = subjectOf('plain');
  golden.assert('claim.yaml', toYaml(buildDumpClaim(subject, listInstances(subject)[0] as Instance, VOLUME)));
});

test('there is no golden file that no test compares', () => golden.assertNoStale());

for (const name of Object.keys(CASES)) {
  test(`${name}: the pod satisfies Pod Security restricted and has no access to the API`, () => {
    for (const dump of [STORAGE, TO_VOLUME]) {
      const { pod } = build(name, dump);
      assert.deepEqual(checkPodSecurity(pod as never), []);
      assert.deepEqual([pod.automountServiceAccountToken, pod.restartPolicy], [false, 'Never']);
    }
  });

  test(`${name}: the database's image sees neither the storage nor a variable; walguard sees no data directory`, () => {
    for (const dump of [STORAGE, TO_VOLUME]) {
      const { pod } = build(name, dump);
      const client = container(pod, 'client');
      const { server } = subjectOf(name);
      assert.equal(client.image, server.container.image);
      assert.deepEqual([client.env, client.envFrom], [undefined, undefined]);
      assert.deepEqual(client.volumeMounts, [{ name: 'pipes', mountPath: '/walguard-dump' }]);
      const mounts = container(pod, 'dump').volumeMounts ?? [];
      assert.ok(mounts.some(({ mountPath }) => mountPath === STORAGE_DIR));
      assert.ok(!mounts.some(({ mountPath }) => mountPath === server.dataMount.mountPath));
    }
  });
}

test('two dumps of a database never run at once, missed ones do not come in a storm, a run has a deadline', () => {
  const { spec } = build();
  assert.deepEqual([spec.concurrencyPolicy, spec.startingDeadlineSeconds, spec.suspend], ['Forbid', 3600, false]);
  assert.equal(spec.jobTemplate.spec.activeDeadlineSeconds, 7200);
  const seconds = container(build().pod, 'dump').env?.find(({ name }) => name === 'WALGUARD_TIMEOUT_SECONDS')?.value;
  assert.equal(seconds, '7140');
  assert.equal(build('plain', STORAGE, true).spec.suspend, true);
});

test('it runs on any node, and the tools end with the job, however that ends', () => {
  const { pod } = build();
  assert.equal(pod.affinity, undefined);
  assert.equal(container(pod, 'client').restartPolicy, 'Always');
  assert.deepEqual(
    pod.initContainers?.map(({ name }) => name),
    ['pipes', 'client'],
  );
  assert.deepEqual(
    pod.containers.map(({ name }) => name),
    ['dump'],
  );
});

test('a password that passes by is never on a disk', () => {
  const volume = build().pod.volumes?.find(({ name }) => name === 'pipes');
  assert.equal(volume?.emptyDir?.medium, 'Memory');
});

test('the claim belongs to nobody, so that nothing takes it along, and the pod may write to it', () => {
  const subject = subjectOf('plain');
  const claim = buildDumpClaim(subject, listInstances(subject)[0] as Instance, VOLUME);
  assert.equal(claim.metadata.ownerReferences, undefined);
  assert.equal(claim.metadata.labels?.[LABEL.managedBy], 'walguard');
  const { pod } = build('plain', TO_VOLUME);
  const volume = pod.volumes?.find(({ name }) => name === 'dumps');
  assert.equal(volume?.persistentVolumeClaim?.claimName, claim.metadata.name);
  assert.equal(pod.securityContext?.fsGroup, 999);
  assert.equal(build().pod.securityContext?.fsGroup, undefined);
  const plain = buildDumpClaim(subject, listInstances(subject)[0] as Instance, { size: '1Gi' });
  assert.ok(!('storageClassName' in (plain.spec as object)));
});
