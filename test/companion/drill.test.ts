import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EnvVar, KubeObject, PodSpec } from '../../src/api/kubernetes.ts';
import { DRILL_CHECKS_DIR, DRILL_DIR, LABEL, SHARED_DIR, STORAGE_DIR, STORAGE_VOLUME } from '../../src/api/names.ts';
import { buildDrillCronJob } from '../../src/companion/drill.ts';
import type { DrillSource } from '../../src/companion/drill-pod.ts';
import { drillName, type Instance, listInstances } from '../../src/companion/instance.ts';
import type { DrillSettings } from '../../src/policy/settings.ts';
import { checkPodSecurity } from '../chart/pod-security.ts';
import { CASES } from '../support/cases.ts';
import { openGoldenFolder } from '../support/golden.ts';
import { injected } from '../support/injected.ts';
import { buildSubject } from '../support/subjects.ts';
import { toYaml } from '../support/yaml.ts';

const golden = openGoldenFolder(import.meta.url, 'golden-drill/');

const PREFIX = 's3://backups/shop/orders/15/7710543307137138721';
const SQL = "select $$it's $(HOME)$$ || $1$a$1$";
const LATEST: DrillSettings = {
  name: 'weekly',
  schedule: '0 4 * * 0',
  timeZone: 'Europe/Berlin',
  source: 'baseBackup',
  target: 'latest',
  amcheck: true,
  checks: [],
  timeoutSeconds: 21_600,
};
const FULL: DrillSettings = {
  ...LATEST,
  target: 'lag',
  lagSeconds: 3600,
  checks: [{ name: 'recent', database: 'shop', sql: SQL, expect: 't' }],
  checksFrom: 'orders-checks',
};

const ELSEWHERE: DrillSettings = { ...FULL, namespace: 'postgres-dr' };

function subjectOf(name: string) {
  const workload = injected(CASES[name]?.() ?? assert.fail(name));
  workload.metadata.uid = 'uid-of-orders';
  return buildSubject(workload);
}

const podOf = (object: KubeObject): PodSpec => {
  const spec = object.spec as { jobTemplate?: { spec: object } };
  return ((spec.jobTemplate?.spec ?? spec) as { template: { spec: PodSpec } }).template.spec;
};

function build(name = 'plain', drill = LATEST, source: DrillSource = { storagePrefix: PREFIX }) {
  const subject = subjectOf(name);
  const object = buildDrillCronJob(subject, listInstances(subject)[0] as Instance, drill, false, source);
  return { object, pod: podOf(object), subject };
}

const container = (pod: PodSpec, name: string) =>
  [...(pod.initContainers ?? []), ...pod.containers].find((each) => each.name === name) ?? assert.fail(name);
const volume = (pod: PodSpec, name: string) => pod.volumes?.find((each) => each.name === name) ?? assert.fail(name);
const variable = (pod: PodSpec, name: string) => container(pod, 'drill').env?.find((each) => each.name === name);

test('the companions are as the golden files have them', () => {
  golden.assert('plain.cronjob.yaml', toYaml(build().object));
  golden.assert('own-settings.cronjob.yaml', toYaml(build('volumes-and-init-containers', FULL).object));
  golden.assert('bitnami.cronjob.yaml', toYaml(build('bitnami-chart').object));
  golden.assert('patroni.cronjob.yaml', toYaml(build('patroni-spilo').object));
  golden.assert('elsewhere.cronjob.yaml', toYaml(build('volumes-and-init-containers', ELSEWHERE).object));
});

test('there is no golden file that no test compares', () => golden.assertNoStale());

for (const name of Object.keys(CASES)) {
  test(`${name}: the pod satisfies Pod Security restricted and has no access to the API`, () => {
    for (const drill of [LATEST, FULL, ELSEWHERE]) {
      const { pod } = build(name, drill);
      assert.deepEqual(checkPodSecurity(pod as never), []);
      assert.deepEqual([pod.automountServiceAccountToken, pod.restartPolicy], [false, 'Never']);
    }
  });

  test(`${name}: the database's image sees no storage, no variable, no claim of the database; each mount has its volume`, () => {
    const { pod, subject } = build(name, FULL);
    const postgres = container(pod, 'postgres');
    const { server } = subject;
    assert.deepEqual([postgres.image, postgres.env, postgres.envFrom], [server.container.image, undefined, undefined]);
    assert.ok(
      !postgres.volumeMounts?.some((mount) => mount.mountPath === STORAGE_DIR || mount.name === STORAGE_VOLUME),
    );
    assert.equal(postgres.volumeMounts?.find(({ mountPath }) => mountPath === SHARED_DIR)?.readOnly, true);
    assert.deepEqual(
      pod.volumes?.filter(({ persistentVolumeClaim }) => persistentVolumeClaim),
      [],
    );
    const names = pod.volumes?.map((each) => each.name) ?? [];
    assert.equal(new Set(names).size, names.length, names.join());
    for (const each of [...(pod.initContainers ?? []), ...pod.containers])
      for (const mount of each.volumeMounts ?? []) assert.ok(names.includes(mount.name), `${each.name}: ${mount.name}`);
  });

  test(`${name}: both see one disposable volume at the path of the database's own, with a group that may write`, () => {
    const { pod, subject } = build(name);
    const { mountPath } = subject.server.dataMount;
    const at = (each: string) => container(pod, each).volumeMounts?.find((mount) => mount.mountPath === mountPath);
    assert.deepEqual(at('drill'), { name: 'walguard-copy', mountPath });
    assert.deepEqual(at('postgres'), at('drill'));
    assert.ok(Number(pod.securityContext?.fsGroup) > 0);
    for (const each of ['drill', 'postgres'])
      assert.ok(container(pod, each).volumeMounts?.some((mount) => mount.mountPath === DRILL_DIR));
  });
}

for (const name of Object.keys(CASES)) {
  test(`${name}: elsewhere it is told whose database it is, has no password of it, and each mount has its volume`, () => {
    const { pod } = build(name, ELSEWHERE);
    assert.deepEqual(variable(pod, 'WALGUARD_NAMESPACE'), { name: 'WALGUARD_NAMESPACE', value: 'shop' });
    const all = [...(pod.initContainers ?? []), ...pod.containers];
    const names = pod.volumes?.map((each) => each.name) ?? [];
    for (const each of all) {
      assert.ok(!each.env?.some((one) => one.name.includes('PASSWORD')), each.name);
      for (const mount of each.volumeMounts ?? []) assert.ok(names.includes(mount.name), `${each.name}: ${mount.name}`);
    }
    assert.ok(variable(build(name).pod, 'WALGUARD_NAMESPACE')?.valueFrom);
  });
}

test('elsewhere it has no owner, and the labels of its home on all that is made of it', () => {
  const { object } = build('plain', ELSEWHERE);
  assert.equal(object.metadata.namespace, 'postgres-dr');
  assert.equal(object.metadata.ownerReferences, undefined);
  const { jobTemplate } = object.spec as { jobTemplate: KubeObject & { spec: { template: KubeObject } } };
  for (const { metadata } of [object, jobTemplate, jobTemplate.spec.template])
    assert.deepEqual(
      [metadata.labels?.[LABEL.database], metadata.labels?.[LABEL.databaseNamespace]],
      ['orders', 'shop'],
    );
});

test("a namespace that is the database's own is no other one", () => {
  assert.deepEqual(build('plain', { ...LATEST, namespace: 'shop' }).object, build().object);
});

test('names of drills of namesakes that meet in one namespace differ, and are short enough for a CronJob', () => {
  const long = 'o'.repeat(60);
  for (const pod of ['orders-0', `${long}-0`]) {
    const names = ['shop', 'bank', 's'.repeat(63)].map((home) => drillName(pod, 'd'.repeat(20), home));
    assert.equal(new Set([...names, drillName(pod, 'd'.repeat(20))]).size, 4);
    for (const name of names) assert.ok(name.length <= 52, name);
  }
});

test('the volume is as large as the claim, of its class, and the pod its owner', () => {
  const resources = { requests: { storage: '1Gi' } };
  const of = ({ pod }: { pod: PodSpec }) => volume(pod, 'walguard-copy');
  const spec = { accessModes: ['ReadWriteOnce'], resources };
  assert.deepEqual(of(build()), { name: 'walguard-copy', ephemeral: { volumeClaimTemplate: { spec } } });
  const grown = { requests: { storage: '20Gi' } };
  const claim = {
    metadata: {},
    spec: { accessModes: ['ReadWriteMany'], resources: grown, storageClassName: 'fast', volumeName: 'pv' },
  };
  const known = { accessModes: ['ReadWriteOnce'], resources: grown, storageClassName: 'fast' };
  assert.deepEqual(of(build('plain', LATEST, { claim })).ephemeral, { volumeClaimTemplate: { spec: known } });
  assert.deepEqual(of(build('claim-volume', LATEST, { claim })).ephemeral, { volumeClaimTemplate: { spec: known } });
  assert.deepEqual(of(build('claim-volume')), { name: 'walguard-copy', emptyDir: {} });
});

/** As the kubelet expands a variable's value where it knows none of the names. */
function expand({ value = '' }: EnvVar): string {
  return value.replaceAll('$$', '$');
}

test('what the policy says reaches the agent as it was written, dollars too', () => {
  const { pod } = build('args-with-options', FULL);
  const read = (name: string) => JSON.parse(expand(variable(pod, name) ?? assert.fail(name)));
  assert.deepEqual(read('WALGUARD_DRILL_CHECK_1'), FULL.checks[0]);
  assert.deepEqual(read('WALGUARD_DRILL'), {
    name: 'weekly',
    source: 'baseBackup',
    target: 'lag',
    amcheck: true,
    lagSeconds: 3600,
    checksFrom: 'orders-checks',
  });
  assert.deepEqual(read('WALGUARD_SERVER_OPTIONS'), ['shared_buffers=256MB', 'max_connections=200']);
  assert.equal(variable(pod, 'WALGUARD_SOURCE_PREFIX')?.value, PREFIX);
  assert.equal(variable(build('plain', LATEST, {}).pod, 'WALGUARD_SOURCE_PREFIX'), undefined);
});

test('a ConfigMap that is missing does not keep the pod waiting', () => {
  const { pod } = build('plain', FULL);
  assert.deepEqual(volume(pod, 'checks').configMap, { name: 'orders-checks', optional: true, defaultMode: 0o444 });
  const mount = container(pod, 'drill').volumeMounts?.find(({ mountPath }) => mountPath === DRILL_CHECKS_DIR);
  assert.equal(mount?.readOnly, true);
});

test('what Bitnami sets outside of the data directory is passed on', () => {
  const options = variable(build('bitnami-chart').pod, 'WALGUARD_SERVER_OPTIONS')?.value ?? '';
  assert.deepEqual(JSON.parse(options), ['shared_preload_libraries=pgaudit', 'shared_buffers=128MB']);
});

test('the files of the database container are there, read-only: its configuration may be among them', () => {
  const { pod } = build('volumes-and-init-containers');
  const mount = container(pod, 'postgres').volumeMounts?.find(({ name }) => name === 'settings');
  assert.deepEqual(mount, { name: 'settings', mountPath: '/etc/postgresql', readOnly: true });
  assert.ok(volume(pod, 'settings').configMap);
});

test('a drill has its label on all that is made of it, one try, and its deadline', () => {
  const { object } = build();
  const { spec } = object as unknown as {
    spec: {
      jobTemplate: {
        metadata: KubeObject['metadata'];
        spec: { template: { metadata: KubeObject['metadata'] } } & Record<string, unknown>;
      };
    };
  };
  for (const { labels } of [object.metadata, spec.jobTemplate.metadata, spec.jobTemplate.spec.template.metadata])
    assert.deepEqual(
      [labels?.[LABEL.drill], labels?.[LABEL.instance], labels?.[LABEL.companion]],
      ['weekly', 'orders-0', 'drill'],
    );
  assert.deepEqual([spec.jobTemplate.spec.backoffLimit, spec.jobTemplate.spec.activeDeadlineSeconds], [0, 21_600]);
  assert.equal(variable(podOf(object), 'WALGUARD_TIMEOUT_SECONDS')?.value, '21540');
});
