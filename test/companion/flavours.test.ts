// Companions of images outside of the docker-library family: how jobs log in, and what a restored copy starts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, KubeObject, PodSpec, StatefulSet } from '../../src/api/kubernetes.ts';
import { buildFirstBaseBackupJob } from '../../src/companion/base-backup.ts';
import { listInstances } from '../../src/companion/instance.ts';
import { buildRestoredStatefulSet } from '../../src/companion/restore.ts';
import { buildService } from '../../src/companion/service.ts';
import { detect } from '../../src/flavour/detect.ts';
import { bitnamiShape, patroniFromSourceShape, patroniShape, spiloShape } from '../support/flavour-shapes.ts';
import { openGoldenFolder } from '../support/golden.ts';
import { injected } from '../support/injected.ts';
import { buildRestoreOf, buildSubject } from '../support/subjects.ts';
import { toYaml } from '../support/yaml.ts';

const golden = openGoldenFolder(import.meta.url, 'golden-flavours/');

const SHAPES: Readonly<Record<string, () => StatefulSet>> = {
  bitnami: bitnamiShape,
  patroni: patroniShape,
  spilo: spiloShape,
  'patroni-from-source': patroniFromSourceShape,
};
const PATRONIS = ['patroni', 'spilo', 'patroni-from-source'];

function shape(name: string): StatefulSet {
  return SHAPES[name]?.() ?? assert.fail(name);
}

function restored(name: string): StatefulSet {
  const source = injected(shape(name));
  return buildRestoredStatefulSet(source, buildSubject(source), buildRestoreOf());
}

function firstJob(workload: StatefulSet): KubeObject {
  const subject = buildSubject(workload);
  const [instance] = listInstances(subject);
  return buildFirstBaseBackupJob(subject, instance ?? assert.fail(), '7710449571138806556');
}

function podOf(job: KubeObject): PodSpec {
  return (job.spec as { template: { spec: PodSpec } }).template.spec;
}

for (const name of Object.keys(SHAPES)) {
  test(`the restored StatefulSet of ${name} is as the golden file has it, and can be injected`, () => {
    const copy = restored(name);
    golden.assert(`${name}.restored-statefulset.yaml`, toYaml(copy));
    assert.ok(injected(copy));
  });
}

test('there is no golden file that no test compares', () => golden.assertNoStale());

// Jobs.

test("a job mounts the password's files as the database has them, readable without its fsGroup, and nothing else of it", () => {
  const pod = podOf(firstJob(bitnamiShape()));
  assert.deepEqual(
    pod.volumes?.find(({ name }) => name === 'passwords'),
    { name: 'passwords', secret: { secretName: 'orders-postgresql', defaultMode: 0o444 } },
  );
  assert.deepEqual(
    pod.containers[0]?.volumeMounts?.find(({ name }) => name === 'passwords'),
    { name: 'passwords', mountPath: '/opt/bitnami/postgresql/secrets/', readOnly: true },
  );
  assert.equal(
    pod.volumes?.some(({ name }) => name === 'empty-dir'),
    false,
  );
});

test("a password's file on a claim stays with the database: a second pod may not be able to mount it", () => {
  const workload = bitnamiShape();
  workload.spec.template.spec.volumes = [
    { name: 'empty-dir', emptyDir: {} },
    { name: 'passwords', persistentVolumeClaim: { claimName: 'passwords' } },
  ];
  const pod = podOf(firstJob(workload));
  assert.doesNotMatch(JSON.stringify([pod.volumes, pod.containers[0]?.volumeMounts]), /passwords/);
});

test('jobs reach Postgres at one port, wherever it listens in its pod', () => {
  const subject = buildSubject(bitnamiShape());
  const [instance] = listInstances(subject);
  const { ports } = buildService(subject, instance ?? assert.fail()).spec as { ports: Record<string, unknown>[] };
  assert.deepEqual(ports[0], { name: 'postgres', port: 5432, targetPort: 5433, protocol: 'TCP' });
  const env = podOf(firstJob(bitnamiShape())).containers[0]?.env ?? [];
  assert.equal(
    env.some(({ name }) => name === 'WALGUARD_PGPORT'),
    false,
  );
});

// The copy of a Patroni member.

function databaseOf({ spec }: StatefulSet): Container {
  return spec.template.spec.containers[0] ?? assert.fail();
}

for (const name of PATRONIS) {
  test(`the copy of ${name} has nothing by which it could find or be found by the source's cluster`, () => {
    const copy = restored(name);
    const { serviceAccountName, serviceAccount, automountServiceAccountToken } = copy.spec.template.spec;
    assert.deepEqual([serviceAccountName, serviceAccount, automountServiceAccountToken], [undefined, undefined, false]);
    const { env = [], command, args } = databaseOf(copy);
    const names = env.filter((each) => /^(PATRONI|SPILO|SCOPE|KUBERNETES|ETCD|PGROOT)/.test(each.name));
    assert.deepEqual(names, []);
    assert.doesNotMatch(JSON.stringify([command, args]), /patroni|bash/);
    assert.doesNotMatch(
      JSON.stringify([copy.metadata.labels, copy.spec.selector, copy.spec.template.metadata]),
      /cluster-name/,
    );
    assert.equal(copy.spec.replicas, 1);
  });

  test(`the copy of ${name} is plain Postgres on the same directory, as the same user, with the same login`, () => {
    const copy = restored(name);
    const before = buildSubject(shape(name)).server;
    const detection = detect(copy);
    assert.ok(detection.kind === 'server');
    const { server } = detection;
    assert.equal(server.flavour.id, 'docker-library');
    assert.deepEqual([server.pgdata, server.port, server.identity], [before.pgdata, before.port, before.identity]);
    assert.equal(databaseOf(copy).securityContext?.runAsUser, before.identity.uid);
    const env = Object.fromEntries(
      (server.container.env ?? []).map((each) => [each.name, each.value ?? 'from the Secret']),
    );
    assert.match(server.flavour.login(env).password ?? '', /^(from the Secret|\$\(PATRONI_SUPERUSER_PASSWORD\))$/);
  });

  test(`the copy of ${name} gets its archive settings as arguments, whatever held for the source`, () => {
    const copy = injected(restored(name));
    assert.equal(copy.metadata.annotations?.['walguard.dev/archive-settings'], undefined);
    assert.ok(databaseOf(copy).args?.includes('archive_mode=on'));
  });
}

test("probes and hooks that ask Patroni are gone, by the port's number or name; others stay", () => {
  const { readinessProbe, livenessProbe, startupProbe } = databaseOf(restored('patroni'));
  assert.deepEqual([readinessProbe, livenessProbe], [undefined, undefined]);
  assert.deepEqual(startupProbe, { exec: { command: ['pg_isready'] } });
  assert.equal(databaseOf(restored('patroni-from-source')).lifecycle, undefined);
});

test('the copy listens wherever it is, and waits for no standby', () => {
  assert.deepEqual(databaseOf(restored('patroni-from-source')).args, [
    ...['-c', 'listen_addresses=*', '-c', 'synchronous_standby_names=', '-c', 'port=5433'],
  ]);
  assert.deepEqual(databaseOf(restored('patroni-from-source')).command, ['/usr/lib/postgresql/16/bin/postgres']);
});

test('making the copy leaves the source as it was', () => {
  const source = injected(patroniShape());
  const before = structuredClone(source);
  buildRestoredStatefulSet(source, buildSubject(source), buildRestoreOf());
  assert.deepEqual(source, before);
});
