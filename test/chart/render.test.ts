// The chart as a whole: lint, equal renders, names that fit together, storage, the policy, the notes.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { backupPolicySpecSchema } from '../../src/api/backup-policy.ts';
import {
  CHART_DIR,
  deepMerge,
  find,
  helm,
  isMap,
  type Labels,
  nest,
  OWN_BUCKET,
  podSpecOf,
  type Rendered,
  render,
  renderNotes,
  renderText,
} from './render.ts';

test('helm lint has nothing to say', async () => {
  const report = await helm(['lint', '--strict', CHART_DIR]);
  assert.match(report, /0 chart\(s\) failed/);
  assert.doesNotMatch(report, /\[(WARNING|ERROR)\]/);
});

test('two renders are equal byte for byte, and nothing is a hook', async () => {
  for (const values of [{}, OWN_BUCKET]) {
    const [first, second] = await Promise.all([renderText(values), renderText(values)]);
    assert.equal(first, second);
    assert.doesNotMatch(first, /helm\.sh\/hook/);
  }
});

test('what refers to another object names one that is there', async () => {
  for (const release of [
    {},
    { name: 'db', namespace: '4711' },
    { name: 'my-walguard-for-all-of-our-many-databases-in-europe' },
  ]) {
    for (const values of [{}, OWN_BUCKET]) {
      const objects = await render(values, release);
      assert.deepEqual(
        objects.flatMap((object) => [...danglingIn(object, objects)]),
        [],
      );
    }
  }
});

test('objects are named after the release and carry the standard labels', async () => {
  assert.ok(find(await render({}, { name: 'db' }), 'Deployment', 'db-walguard-webhook'));
  assert.ok(find(await render({}, { name: 'my-walguard' }), 'Deployment', 'my-walguard-webhook'));
  for (const { kind, metadata } of await render({
    commonLabels: { team: 'storage', 'app.kubernetes.io/name': 'mine' },
  })) {
    assert.ok(metadata.name.length <= 63, metadata.name);
    assert.equal(metadata.labels.team, 'storage', `${kind}/${metadata.name}`);
    assert.equal(metadata.labels['app.kubernetes.io/name'], 'walguard', `${kind}/${metadata.name}`);
    assert.equal(metadata.labels['helm.sh/chart'], 'walguard-0.1.0', `${kind}/${metadata.name}`);
  }
});

test('each program is told what it reads', async () => {
  const objects = await render();
  const names = (name: string) =>
    podSpecOf(find(objects, 'Deployment', name))
      ?.containers[0]?.env?.map((each) => each.name)
      .sort();
  assert.deepEqual(names('walguard-webhook'), [
    'LOG_LEVEL',
    'WALGUARD_IMAGE',
    'WALGUARD_NAMESPACE',
    'WALGUARD_PORT',
    'WALGUARD_TLS_DIR',
    'WALGUARD_WEBHOOK_CONFIGURATION',
  ]);
  assert.deepEqual(names('walguard-controller'), [
    'LOG_LEVEL',
    'WALGUARD_COPY_SECRETS',
    'WALGUARD_COPY_STORAGE_SECRET',
    'WALGUARD_IMAGE',
    'WALGUARD_LEASE',
    'WALGUARD_MINT_CERTIFICATE',
    'WALGUARD_MINT_STORAGE_SECRET',
    'WALGUARD_NAMESPACE',
    'WALGUARD_PORT',
    'WALGUARD_STORAGE_SECRET',
    'WALGUARD_TLS_SECRET',
    'WALGUARD_WEBHOOK_CONFIGURATION',
    'WALGUARD_WEBHOOK_SERVICE',
  ]);
});

test('the standard policy is the built-in file with the storage of the object store', async () => {
  const source = parse(readFileSync(join(CHART_DIR, 'files/policies/standard.yaml'), 'utf8')) as Rendered;
  const policy = find(await render({}, { namespace: 'backups' }), 'BackupPolicy', 'standard');
  assert.deepEqual(policy.spec, {
    ...source.spec,
    storage: {
      s3: {
        prefix: 's3://walguard',
        endpoint: 'http://walguard-object-store.backups.svc:7070',
        region: 'us-east-1',
        forcePathStyle: true,
        credentialsSecret: 'walguard-storage',
      },
    },
  });
});

test('its drills are taken away by an empty list, and the notes do not speak of them', async () => {
  const values = { policies: { standard: { spec: { drills: [] } } } };
  assert.deepEqual(find(await render(values), 'BackupPolicy', 'standard').spec?.drills, []);
  assert.ok(!(await renderNotes(values)).includes('rehearsed'));
});

test('with a bucket of your own nothing of the object store is left, its endpoint least of all', async () => {
  const objects = await render(OWN_BUCKET);
  assert.ok(!objects.some(({ metadata }) => metadata.name.endsWith('-object-store')));
  assert.deepEqual(find(objects, 'BackupPolicy', 'standard').spec?.storage, {
    s3: {
      prefix: 's3://backups/production',
      region: 'eu-central-1',
      forcePathStyle: false,
      credentialsSecret: 'walguard-storage',
    },
  });
});

test('the rendered policy is one that the API accepts', async () => {
  // Not strict: what only an API server understands of the schema is left to it.
  const validate = new Ajv({ useDefaults: true, allErrors: true, strict: false }).compile(backupPolicySpecSchema);
  for (const values of [{}, OWN_BUCKET, deepMerge(OWN_BUCKET, nest('storage.s3.endpoint', 'https://s3.example.com'))]) {
    const { spec } = find(await render(values), 'BackupPolicy', 'standard');
    assert.ok(validate(structuredClone(spec)), JSON.stringify(validate.errors));
  }
});

test('permissions and Chart.yaml speak of the kinds that crds/ defines', async () => {
  const defined = readdirSync(join(CHART_DIR, 'crds')).map(
    (file) => (parse(readFileSync(join(CHART_DIR, 'crds', file), 'utf8')) as Rendered).metadata.name,
  );
  const rules = (await render()).flatMap((object) => object.rules ?? []);
  const named = rules
    .filter(({ apiGroups }) => apiGroups.includes('walguard.dev'))
    .flatMap(({ resources }) => resources.map((resource) => `${resource.split('/')[0]}.walguard.dev`));
  assert.deepEqual([...new Set(named)].sort(), defined.sort());
  const { annotations } = parse(readFileSync(join(CHART_DIR, 'Chart.yaml'), 'utf8')) as { annotations?: Labels };
  const listed = parse(annotations?.['artifacthub.io/crds'] ?? '') as readonly { name: string }[];
  assert.deepEqual(listed.map(({ name }) => name).sort(), defined);
});

test('policies.standard.spec is merged last', async () => {
  const { spec } = find(
    await render({ policies: { standard: { spec: { archive: { timeout: '5m' } } } } }),
    'BackupPolicy',
    'standard',
  );
  assert.deepEqual(spec?.archive, { compression: 'lz4', timeout: '5m' });
});

test('without object store and without a bucket the chart says which value is missing', async () => {
  const without = { objectStore: { enabled: false } };
  await assert.rejects(render(without), /backups need a bucket: set storage\.s3\.prefix/);
  await assert.rejects(render({ ...without, storage: { s3: { prefix: 's3://backups' } } }), /set storage\.s3\.region/);
  await assert.rejects(
    render({ storage: { s3: { prefix: 's3://backups' } } }),
    /your bucket would not be used: set objectStore\.enabled to false/,
  );
  await render({ ...without, policies: { standard: { enabled: false } } });
});

test('uninstall keeps what databases still archive to or name, and only that', async () => {
  const kept = (await render()).filter(({ metadata }) => metadata.annotations?.['helm.sh/resource-policy'] === 'keep');
  assert.deepEqual(kept.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort(), [
    'BackupPolicy/standard',
    'Deployment/walguard-object-store',
    'PersistentVolumeClaim/walguard-object-store',
    'Service/walguard-object-store',
  ]);
});

test('the notes tell in words what was configured, with commands that name real things', async () => {
  const notes = await renderNotes({}, { name: 'db', namespace: 'backups' });
  for (const part of [
    'is refused at creation',
    'http://db-walguard-object-store.backups.svc:7070',
    'single copy inside this cluster',
    'plain http',
    'walguard.dev/policy=standard',
    'A restore is rehearsed at "@weekly" (Etc/UTC)',
    'kubectl get protecteddatabases -A',
    'kubectl walguard drill run',
    'kubectl walguard restore',
    'kubectl delete mutatingwebhookconfiguration,validatingwebhookconfiguration db-walguard',
    'helm uninstall db leaves behind',
    'kubectl delete deployment,service,persistentvolumeclaim db-walguard-object-store -n backups',
  ]) {
    assert.ok(notes.includes(part), part);
  }
  const own = await renderNotes({ ...OWN_BUCKET, defaultMode: 'off', webhook: { replicas: 1 } });
  for (const part of ['Nothing is checked', 's3://backups/production', 'One webhook replica'])
    assert.ok(own.includes(part), part);
  for (const part of ['object-store', 'single copy', 'plain http']) assert.ok(!own.includes(part), part);
});

test('the notes say who gets the credentials, and what lets a further Secret go', async () => {
  const shared = await renderNotes({ storage: { copySecrets: ['archive-key', 'store-ca'] } });
  for (const part of [
    'may make a StatefulSet in any namespace',
    '--set storage.copyCredentials=false',
    'archive-key, store-ca, each to the namespaces in its annotation walguard.dev/copy-to',
  ]) {
    assert.ok(shared.includes(part), part);
  }
  const apart = await renderNotes({ storage: { copyCredentials: false, copySecrets: ['archive-key'] } });
  for (const part of ['whole bucket', 'copy-to']) assert.ok(!apart.includes(part), part);
});

test('the versions in Chart.yaml are those of package.json', () => {
  const chart = parse(readFileSync(join(CHART_DIR, 'Chart.yaml'), 'utf8')) as Record<string, string> & {
    annotations: Record<string, string>;
  };
  const { version } = JSON.parse(readFileSync(join(CHART_DIR, '../package.json'), 'utf8')) as { version: string };
  assert.equal(chart.version, version);
  assert.equal(chart.appVersion, version);
  assert.ok(chart.annotations['artifacthub.io/images']?.includes(`walguard:${version}`));
});

function* danglingIn(object: Rendered, objects: readonly Rendered[]): Generator<string> {
  const at = `${object.kind}/${object.metadata.name}`;
  const has = (kind: string, name: string) => objects.some((each) => each.kind === kind && each.metadata.name === name);
  const pod = podSpecOf(object);
  if (pod?.serviceAccountName && !has('ServiceAccount', pod.serviceAccountName))
    yield `${at}: ${pod.serviceAccountName}`;
  for (const container of [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])]) {
    for (const { name } of container.volumeMounts ?? []) {
      if (!pod?.volumes?.some((volume) => volume.name === name)) yield `${at}: volume ${name}`;
    }
  }
  for (const volume of pod?.volumes ?? []) {
    const claim = isMap(volume.persistentVolumeClaim) ? String(volume.persistentVolumeClaim.claimName) : undefined;
    if (claim && !has('PersistentVolumeClaim', claim)) yield `${at}: claim ${claim}`;
  }
  if (object.roleRef && !has(object.roleRef.kind, object.roleRef.name)) yield `${at}: role ${object.roleRef.name}`;
  for (const subject of object.subjects ?? []) {
    const account = objects.find((each) => each.kind === 'ServiceAccount' && each.metadata.name === subject.name);
    if (account?.metadata.namespace !== subject.namespace) yield `${at}: subject ${subject.name}`;
  }
  for (const { name, clientConfig } of object.webhooks ?? []) {
    const service = objects.find((each) => each.kind === 'Service' && each.metadata.name === clientConfig.service.name);
    if (service?.metadata.namespace !== clientConfig.service.namespace) yield `${at}: service of ${name}`;
    if (!service?.spec?.ports?.some(({ port }) => port === clientConfig.service.port)) yield `${at}: port of ${name}`;
  }
  if (object.kind === 'Service') yield* danglingService(object, objects, at);
  const template = object.spec?.template;
  for (const [key, value] of Object.entries(object.spec?.selector?.matchLabels ?? {})) {
    if (template && template.metadata.labels[key] !== value) yield `${at}: selector ${key}`;
  }
}

function* danglingService({ spec }: Rendered, objects: readonly Rendered[], at: string): Generator<string> {
  const selected = objects.filter(({ spec: other }) => {
    const labels = other?.template?.metadata.labels;
    return labels && Object.entries(spec?.selector ?? {}).every(([key, value]) => labels[key] === value);
  });
  if (selected.length !== 1) yield `${at}: selects ${selected.length} workloads`;
  for (const { targetPort } of spec?.ports ?? []) {
    const ports = selected.flatMap((each) => podSpecOf(each)?.containers ?? []).flatMap((each) => each.ports ?? []);
    if (!ports.some(({ name }) => name === targetPort)) yield `${at}: port ${targetPort}`;
  }
}
