// Every companion of every shape of workload: what holds for all of them, and the golden files.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject, PodSpec, StatefulSet } from '../../src/api/kubernetes.ts';
import { LABEL } from '../../src/api/names.ts';
import { buildBaseBackupCronJob, buildFirstBaseBackupJob } from '../../src/companion/base-backup.ts';
import { type Instance, listInstances, type Subject } from '../../src/companion/instance.ts';
import { buildRestoreClaim, buildRestoredStatefulSet, buildRestoreJob } from '../../src/companion/restore.ts';
import { buildService } from '../../src/companion/service.ts';
import { checkPodSecurity } from '../chart/pod-security.ts';
import { CASES } from '../support/cases.ts';
import { openGoldenFolder } from '../support/golden.ts';
import { injected } from '../support/injected.ts';
import { buildRestoreOf, buildSubject } from '../support/subjects.ts';
import { SETTINGS } from '../support/workloads.ts';
import { toYaml } from '../support/yaml.ts';

const golden = openGoldenFolder(import.meta.url, 'golden/');
const SYSTEM_IDENTIFIER = '7710449571138806556';
const PREFIX = `s3://backups/shop/orders/15/${SYSTEM_IDENTIFIER}`;

/** As it is stored: injected, and with what the API server adds. */
function stored(name: string): StatefulSet {
  const workload = injected(CASES[name]?.() ?? assert.fail(name));
  const applied = {
    'kubectl.kubernetes.io/last-applied-configuration': '{"spec":"of the source"}',
    'argocd.argoproj.io/tracking-id': 'orders:apps/StatefulSet:shop/orders',
  };
  workload.metadata = {
    ...workload.metadata,
    uid: 'uid-of-orders',
    resourceVersion: '17',
    labels: { app: 'orders', team: 'shop' },
    annotations: { ...workload.metadata.annotations, ...applied },
  };
  return { ...workload, status: { replicas: 1 } };
}

function first(subject: Subject): Instance {
  return listInstances(subject)[0] ?? assert.fail('no instance');
}

const SOURCE_CLAIM = {
  metadata: { name: 'orders-files', labels: { app: 'orders' }, uid: 'claim' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } }, volumeName: 'pv-1' },
};

function buildAll(subject: Subject): Readonly<Record<string, KubeObject>> {
  const instance = first(subject);
  const restore = buildRestoreOf();
  return {
    'base-backup-cronjob': buildBaseBackupCronJob(subject, instance, false),
    'first-base-backup-job': buildFirstBaseBackupJob(subject, instance, SYSTEM_IDENTIFIER),
    service: buildService(subject, instance),
    'restore-claim': buildRestoreClaim(subject, restore, SOURCE_CLAIM),
    'restore-job': buildRestoreJob(subject, restore, PREFIX, instance.pod, '2026-11-21T09:41:00.123Z'),
    'restored-statefulset': buildRestoredStatefulSet(subject.workload, subject, restore),
  };
}

for (const name of ['plain', 'claim-volume'] as const) {
  test(`the companions of ${name} are as the golden files have them`, () => {
    for (const [id, object] of Object.entries(buildAll(buildSubject(stored(name))))) {
      golden.assert(`${name}.${id}.yaml`, toYaml(object));
    }
  });
}

test('there is no golden file that no test compares', () => golden.assertNoStale());

interface Job {
  readonly spec: { readonly template: { readonly spec: PodSpec } };
}
interface CronJob {
  readonly spec: { readonly jobTemplate: Job };
}

/** The pod specs of our own jobs. */
function podsOf(subject: Subject): Readonly<Record<string, PodSpec>> {
  const all = buildAll(subject);
  const spec = (object: unknown) => (object as Job).spec.template.spec;
  return {
    'base-backup-cronjob': spec((all['base-backup-cronjob'] as unknown as CronJob).spec.jobTemplate),
    'first-base-backup-job': spec(all['first-base-backup-job']),
    'restore-job': spec(all['restore-job']),
  };
}

for (const name of Object.keys(CASES)) {
  const subject = () => buildSubject(stored(name));

  test(`${name}: job pods satisfy Pod Security restricted and have no access to the API`, () => {
    for (const [id, pod] of Object.entries(podsOf(subject()))) {
      assert.deepEqual(checkPodSecurity(pod as never), [], id);
      assert.equal(pod.automountServiceAccountToken, false, id);
      assert.equal(pod.restartPolicy, 'Never', id);
      assert.equal(pod.serviceAccountName, undefined, id);
    }
  });

  test(`${name}: a base backup mounts the pod's own claim read-only, at the path where Postgres has it`, () => {
    const { server } = subject();
    const pod = podsOf(subject())['base-backup-cronjob'];
    const volume = pod?.volumes?.find((each) => each.name === server.dataMount.name);
    assert.deepEqual(volume?.persistentVolumeClaim, { claimName: first(subject()).claim, readOnly: true });
    const mount = pod?.containers[0]?.volumeMounts?.find((each) => each.name === server.dataMount.name);
    assert.deepEqual(mount, { ...server.dataMount, readOnly: true });
  });

  test(`${name}: job pods hold no literal that the workload itself did not have`, () => {
    const { workload } = subject();
    const known = new Set(
      workload.spec.template.spec.containers.flatMap(({ env }) => env ?? []).map(({ value }) => value),
    );
    for (const pod of Object.values(podsOf(subject()))) {
      const env = pod.containers[0]?.env ?? [];
      const secrets = env.filter(
        (each) => /PASSWORD|SECRET|ACCESS_KEY|TOKEN/.test(each.name) && each.value !== undefined,
      );
      assert.deepEqual(
        secrets.filter(({ value }) => !known.has(value)),
        [],
      );
      assert.ok(!env.some((each) => each.name.startsWith('AWS_ACCESS') || each.name.startsWith('AWS_SECRET')));
      const storage = pod.volumes?.find((each) => each.name === 'walguard-storage');
      const projected = storage?.projected as { sources: { secret?: { name: string } }[] } | undefined;
      assert.equal(projected?.sources[0]?.secret?.name, SETTINGS.storage.credentialsSecret);
    }
  });

  test(`${name}: every object is in the namespace of the database and is labelled as ours`, () => {
    for (const [id, { metadata }] of Object.entries(buildAll(subject()))) {
      assert.equal(metadata.namespace, 'shop', id);
      if (id !== 'restored-statefulset') assert.equal(metadata.labels?.[LABEL.managedBy], 'walguard', id);
    }
  });

  test(`${name}: the restored StatefulSet shares no label, selector or record of the source`, () => {
    const source = stored(name);
    const restored = buildRestoredStatefulSet(source, buildSubject(source), buildRestoreOf());
    const pairs = (labels: Record<string, string> | undefined) =>
      Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
    const theirs = [
      source.metadata.labels,
      source.spec.selector.matchLabels,
      source.spec.template.metadata?.labels,
    ].flatMap(pairs);
    const own = [
      restored.metadata.labels,
      restored.spec.selector.matchLabels,
      restored.spec.template.metadata?.labels,
    ].flatMap(pairs);
    assert.deepEqual(
      own.filter((label) => theirs.includes(label)),
      [],
    );
    assert.deepEqual(restored.spec.selector.matchLabels, restored.spec.template.metadata?.labels);
    assert.notEqual(restored.spec.serviceName, source.spec.serviceName);
    assert.doesNotMatch(JSON.stringify(restored), /last-applied|argocd/);
    for (const field of ['uid', 'resourceVersion', 'ownerReferences'] as const)
      assert.equal(restored.metadata[field], undefined);
    assert.equal(restored.status, undefined);
  });

  test(`${name}: the restored StatefulSet is not injected yet, keeps its policy and runs one pod on the restored claim`, () => {
    const source = stored(name);
    const restored = buildRestoredStatefulSet(source, buildSubject(source), buildRestoreOf());
    assert.doesNotMatch(
      JSON.stringify(restored.spec.template),
      /walguard-storage|"name":"walguard"|walguard\.dev\/injection/,
    );
    assert.equal(restored.metadata.annotations?.['walguard.dev/policy'], 'standard');
    assert.equal(restored.spec.replicas, 1);
    const claim = buildRestoreClaim(buildSubject(source), buildRestoreOf(), SOURCE_CLAIM).metadata.name;
    assert.equal(first(buildSubject(restored)).claim, claim);
  });

  test(`${name}: building companions leaves the workload as it was`, () => {
    const workload = stored(name);
    buildAll(buildSubject(workload));
    assert.deepEqual(workload, stored(name));
  });
}
