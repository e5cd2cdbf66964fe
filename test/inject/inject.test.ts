import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, StatefulSet } from '../../src/api/kubernetes.ts';
import { ARCHIVE_SCRIPT, RUN_VOLUME, SHARED_DIR, SIDECAR, STORAGE_VOLUME } from '../../src/api/names.ts';
import { inject } from '../../src/inject/inject.ts';
import { isInjected, strip } from '../../src/inject/strip.ts';
import { checkPodSecurity } from '../chart/pod-security.ts';
import { CASES } from '../support/cases.ts';
import { findCredentialLeaks } from '../support/credentials.ts';
import { diffLines } from '../support/diff.ts';
import { openGoldenFolder } from '../support/golden.ts';
import { injected } from '../support/injected.ts';
import { buildWorkload, IMAGE, SETTINGS } from '../support/workloads.ts';
import { toYaml } from '../support/yaml.ts';

const golden = openGoldenFolder(import.meta.url, 'golden/');

function sidecarOf(workload: StatefulSet): Container {
  const sidecar = workload.spec.template.spec.initContainers?.find(({ name }) => name === SIDECAR);
  assert.ok(sidecar, 'there is a sidecar');
  return sidecar;
}

function postgresOf(workload: StatefulSet): Container {
  const container = workload.spec.template.spec.containers.find(({ name }) => name === 'postgres');
  assert.ok(container);
  return container;
}

for (const [name, build] of Object.entries(CASES)) {
  test(`${name}: the injected StatefulSet is as the golden file has it`, () => {
    golden.assert(`${name}.yaml`, toYaml(injected(build())));
  });

  test(`${name}: strip gives back the original, byte for byte`, () => {
    assert.equal(JSON.stringify(strip(injected(build()))), JSON.stringify(build()));
  });

  test(`${name}: injecting twice gives the same bytes as once`, () => {
    const once = injected(build());
    assert.equal(JSON.stringify(injected(once)), JSON.stringify(once));
  });

  test(`${name}: the input is left as it was`, () => {
    const workload = build();
    strip(injected(workload));
    assert.deepEqual(workload, build());
  });

  test(`${name}: claim templates, selector, service name and replicas are not touched`, () => {
    const { volumeClaimTemplates, selector, serviceName, replicas } = injected(build()).spec;
    const { spec } = build();
    assert.deepEqual(
      { volumeClaimTemplates, selector, serviceName, replicas },
      {
        volumeClaimTemplates: spec.volumeClaimTemplates,
        selector: spec.selector,
        serviceName: spec.serviceName,
        replicas: spec.replicas,
      },
    );
  });

  test(`${name}: nothing but the template changes`, () => {
    const { spec: after, ...restAfter } = injected(build());
    const { spec: before, ...restBefore } = build();
    assert.deepEqual(restAfter, restBefore);
    assert.deepEqual({ ...after, template: undefined }, { ...before, template: undefined });
  });

  test(`${name}: no container of the user's own can reach the storage credentials`, () => {
    assert.deepEqual(findCredentialLeaks(injected(build()), SETTINGS.storage.credentialsSecret), []);
  });

  test(`${name}: the sidecar satisfies Pod Security restricted`, () => {
    const workload = injected(build());
    const ours = workload.spec.template.spec.volumes?.filter(({ name: volume }) => volume.startsWith('walguard'));
    const pod = { containers: [], initContainers: [sidecarOf(workload)], volumes: ours ?? [] };
    assert.deepEqual(checkPodSecurity(pod as never), []);
  });
}

test('what is added to a plain StatefulSet reads as the golden diff has it', () => {
  const workload = CASES.plain?.() ?? buildWorkload();
  golden.assert('plain.diff', diffLines(toYaml(workload), toYaml(injected(workload))));
});

test('the credential check sees a variable, a reference, a mount by name and one by path', () => {
  const leaks = (change: (container: Container) => void) => {
    const workload = injected(buildWorkload());
    change(postgresOf(workload));
    return findCredentialLeaks(workload, SETTINGS.storage.credentialsSecret).length;
  };
  assert.equal(
    leaks((container) => void container.env?.push({ name: 'AWS_ACCESS_KEY_ID', value: 'a' })),
    1,
  );
  assert.equal(
    leaks((container) => (container.envFrom = [{ secretRef: { name: 'walguard-storage' } }])),
    1,
  );
  assert.ok(leaks((c) => void c.volumeMounts?.push({ name: STORAGE_VOLUME, mountPath: '/elsewhere' })) > 0);
  assert.ok(leaks((c) => void c.volumeMounts?.push({ name: 'other', mountPath: '/walguard-storage' })) > 0);
  assert.ok(leaks((c) => void c.volumeMounts?.push({ name: RUN_VOLUME, mountPath: '/elsewhere' })) > 0);
});

test('the database container gets the archive settings, a read-only mount of the shared directory, and no more', () => {
  const before = postgresOf(buildWorkload());
  const { args, volumeMounts, ...rest } = postgresOf(injected(buildWorkload()));
  assert.deepEqual(args, [
    '-c',
    'archive_mode=on',
    '-c',
    `archive_command=${ARCHIVE_SCRIPT} %f`,
    '-c',
    'archive_timeout=60',
  ]);
  const ours = { name: SIDECAR, mountPath: SHARED_DIR, readOnly: true };
  assert.deepEqual(volumeMounts, [...(before.volumeMounts ?? []), ours]);
  const { volumeMounts: _mounts, ...restBefore } = before;
  assert.deepEqual(rest, restBefore);
});

test('the sidecar is a native sidecar, the last init container, with the data mounted where Postgres has them', () => {
  const workload = injected(CASES['volumes-and-init-containers']?.() ?? buildWorkload());
  const { initContainers } = workload.spec.template.spec;
  assert.deepEqual(
    initContainers?.map(({ name }) => name),
    ['own-files', SIDECAR],
  );
  const sidecar = sidecarOf(workload);
  assert.equal(sidecar.restartPolicy, 'Always');
  assert.equal(sidecar.image, IMAGE);
  assert.deepEqual(sidecar.args, ['agent', 'sidecar']);
  assert.ok(
    sidecar.volumeMounts?.some(({ name, mountPath }) => name === 'data' && mountPath === '/var/lib/postgresql/data'),
  );
});

test('a data mount keeps its subPath in the sidecar', () => {
  const mount = sidecarOf(injected(CASES['claim-volume']?.() ?? buildWorkload())).volumeMounts?.at(-1);
  assert.deepEqual(mount, { name: 'files', mountPath: '/var/lib/postgresql/data', subPath: 'orders' });
});

test('the sidecar runs as the uid and gid that own the data', () => {
  const rows = [
    ['plain', 999, 999],
    ['alpine-run-as-user', 1001, 1002],
    ['env-from', 1234, 999],
  ] as const;
  for (const [name, runAsUser, runAsGroup] of rows) {
    const context = sidecarOf(injected(CASES[name]?.() ?? buildWorkload())).securityContext;
    assert.deepEqual([context?.runAsUser, context?.runAsGroup], [runAsUser, runAsGroup], name);
  }
});

test('credentials come to the sidecar as an optional, read-only volume, and never as variables', () => {
  const workload = injected(buildWorkload());
  const volume = workload.spec.template.spec.volumes?.find(({ name }) => name === STORAGE_VOLUME);
  assert.ok(volume);
  const { sources } = volume.projected as { sources: Record<string, { name: string; optional: boolean }>[] };
  assert.deepEqual(
    sources.flatMap((each) => Object.entries(each).map(([kind, { name, optional }]) => [kind, name, optional])),
    [
      ['secret', 'walguard-storage', true],
      ['configMap', 'kube-root-ca.crt', true],
    ],
  );
  const sidecar = sidecarOf(workload);
  assert.ok(sidecar.volumeMounts?.some(({ name, readOnly }) => name === STORAGE_VOLUME && readOnly === true));
  assert.deepEqual(
    sidecar.env?.filter(({ name }) => /ACCESS_KEY|SECRET|TOKEN/.test(name)),
    [],
  );
});

test('the engine is told not to overwrite WAL, to give up in seconds, and where the bucket is', () => {
  const env = new Map(sidecarOf(injected(buildWorkload())).env?.map(({ name, value }) => [name, value]));
  assert.equal(env.get('WALG_PREVENT_WAL_OVERWRITE'), 'true');
  assert.ok(Number(env.get('WALG_S3_MAX_RETRIES')) <= 8, 'fewer retries than the fifteen that hang for 15 minutes');
  assert.equal(env.get('WALGUARD_STORAGE_PREFIX'), 's3://backups');
  assert.equal(env.get('AWS_ENDPOINT'), 'http://store.test:7070');
  assert.equal(env.get('AWS_REGION'), 'us-east-1');
  assert.equal(env.get('AWS_S3_FORCE_PATH_STYLE'), 'true');
  assert.equal(env.get('WALG_COMPRESSION_METHOD'), 'lz4');
  assert.ok(env.get('HOME') && env.get('USER'), 'both engines die without HOME and USER');
  assert.equal(env.get('PGDATA'), '/var/lib/postgresql/data/pgdata');
});

test('without an endpoint none is set, so that the engine asks AWS', () => {
  const { endpoint: _endpoint, ...storage } = SETTINGS.storage;
  const workload = injected(buildWorkload(), { ...SETTINGS, storage });
  assert.equal(
    sidecarOf(workload).env?.some(({ name }) => name === 'AWS_ENDPOINT'),
    false,
  );
});

test('login comes from where the database has it: the reference, the value, or the whole source', () => {
  const reference = sidecarOf(injected(buildWorkload())).env?.find(({ name }) => name === 'POSTGRES_PASSWORD');
  assert.deepEqual(reference?.valueFrom, { secretKeyRef: { name: 'orders', key: 'password' } });
  const value = sidecarOf(injected(CASES['pg18-layout']?.() ?? buildWorkload())).env?.find(
    ({ name }) => name === 'POSTGRES_USER',
  );
  assert.equal(value?.value, 'shop');
  const whole = sidecarOf(injected(CASES['env-from']?.() ?? buildWorkload())).envFrom;
  assert.deepEqual(whole?.[0], { secretRef: { name: 'orders-login' } });
});

test('other settings or another image give another injection, and strip takes either out', () => {
  const first = injected(buildWorkload());
  const second = injected(
    first,
    { ...SETTINGS, archive: { ...SETTINGS.archive, timeoutSeconds: 300, compression: 'zstd' } },
    'other:2',
  );
  assert.equal(sidecarOf(second).image, 'other:2');
  assert.ok(postgresOf(second).args?.includes('archive_timeout=300'));
  assert.deepEqual(strip(second), buildWorkload());
});

test('what a user appends to an injected template stays when the injection is taken out', () => {
  const workload = injected(buildWorkload({ container: { args: ['postgres'] } }));
  postgresOf(workload).args?.push('-c', 'work_mem=8MB');
  workload.spec.template.spec.volumes?.push({ name: 'late', emptyDir: {} });
  const stripped = strip(workload);
  assert.deepEqual(postgresOf(stripped).args, ['postgres', '-c', 'work_mem=8MB']);
  assert.deepEqual(stripped.spec.template.spec.volumes, [{ name: 'late', emptyDir: {} }]);
});

test("a container and volumes of the user's own that bear our names are not taken for an injection", () => {
  const workload = buildWorkload();
  workload.spec.template.spec.initContainers = [{ name: SIDECAR, image: 'mine' }];
  workload.spec.template.spec.volumes = [
    { name: SIDECAR, emptyDir: {} },
    { name: RUN_VOLUME, emptyDir: {} },
    { name: STORAGE_VOLUME, emptyDir: {} },
  ];
  assert.equal(isInjected(workload), false);
  assert.deepEqual(strip(workload), workload);
});

test("a mount of the user's own that bears our name stays, wherever it leads", () => {
  const workload = buildWorkload();
  workload.spec.template.spec.containers.push({
    name: 'second',
    image: 'nginx',
    volumeMounts: [{ name: SIDECAR, mountPath: '/elsewhere' }],
  });
  assert.deepEqual(strip(injected(workload)), workload);
});

test('strip leaves a workload alone that has no injection', () => {
  assert.deepEqual(strip(buildWorkload()), buildWorkload());
  assert.equal(isInjected(buildWorkload()), false);
  assert.equal(isInjected(injected(buildWorkload())), true);
});

test('no Postgres and an operator-owned one are left alone, and it is said why', () => {
  const redis = buildWorkload({ container: { image: 'redis:7' } });
  const result = inject(redis, SETTINGS, IMAGE);
  assert.equal(result.kind, 'left-alone');
  const owned = buildWorkload();
  owned.metadata.ownerReferences = [
    { apiVersion: 'acid.zalan.do/v1', kind: 'postgresql', name: 'orders', uid: '1', controller: true },
  ];
  const other = inject(owned, SETTINGS, IMAGE);
  assert.ok(other.kind === 'left-alone' && other.reason.seen.includes('postgresql/orders'), JSON.stringify(other));
});

test('there is no golden file that no test compares', () => golden.assertNoStale());
