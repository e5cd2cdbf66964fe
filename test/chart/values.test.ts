// The values: each one does something, is documented in three places, and a misspelt one is refused.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isMap as isYamlMap, LineCounter, parseDocument } from 'yaml';
import { CHART_DIR, deepMerge, isMap, nest, OWN_BUCKET, render, renderText } from './render.ts';

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly definitions?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
}

const read = (name: string) => readFileSync(join(CHART_DIR, name), 'utf8');
const valuesText = read('values.yaml');
const values = parseDocument(valuesText).toJS() as Readonly<Record<string, unknown>>;
const schema = JSON.parse(read('values.schema.json')) as Schema;
const leaves = new Map(leavesOf(values, ''));

// For each value another one than the default, and where needed the setting without which it has no say.
const samples: Readonly<Record<string, readonly [value: unknown, given?: object]>> = {
  'global.imageRegistry': ['mirror.example.com'],
  'image.repository': ['example.com/walguard'],
  'image.tag': ['next'],
  'image.digest': [`sha256:${'0'.repeat(64)}`],
  'image.pullPolicy': ['Always'],
  imagePullSecrets: [[{ name: 'pull' }]],
  logLevel: ['debug'],
  defaultMode: ['audit'],
  'admissionPolicy.enabled': [false],
  'webhook.replicas': [3],
  'webhook.resources': [{ limits: { memory: '1Gi' } }],
  'webhook.tls.mode': ['certManager'],
  'webhook.tls.secretName': ['other', nest('webhook.tls', { mode: 'secret', secretName: 'mine' })],
  'webhook.tls.issuerRef': [{ name: 'corporate' }, nest('webhook.tls.mode', 'certManager')],
  'controller.replicas': [2],
  'controller.resources': [{ limits: { memory: '1Gi' } }],
  'objectStore.enabled': [false, { storage: OWN_BUCKET.storage }],
  'objectStore.size': ['1Ti'],
  'objectStore.storageClassName': ['fast'],
  'objectStore.existingClaim': ['mine'],
  'objectStore.resources': [{ limits: { memory: '1Gi' } }],
  'storage.copyCredentials': [false],
  'storage.copySecrets': [['archive-key']],
  'storage.s3.prefix': ['s3://other', OWN_BUCKET],
  'storage.s3.endpoint': ['https://s3.example.com', OWN_BUCKET],
  'storage.s3.region': ['eu-west-1', OWN_BUCKET],
  'storage.s3.forcePathStyle': [true, OWN_BUCKET],
  'storage.s3.credentialsSecret': ['mine'],
  'policies.standard.enabled': [false],
  'policies.standard.spec': [{ archive: { timeout: '5m' } }],
  'policies.ready': [['pitr']],
  'monitoring.podMonitor.enabled': [true],
  'monitoring.podMonitor.labels': [{ release: 'prometheus' }, nest('monitoring.podMonitor.enabled', true)],
  'monitoring.prometheusRule.enabled': [true],
  'monitoring.prometheusRule.labels': [{ release: 'prometheus' }, nest('monitoring.prometheusRule.enabled', true)],
  'podSecurityContext.runAsUser': [null],
  'podSecurityContext.runAsGroup': [1000],
  'podSecurityContext.fsGroup': [1000],
  priorityClassName: ['system-cluster-critical'],
  nodeSelector: [{ pool: 'system' }],
  tolerations: [[{ operator: 'Exists' }]],
  affinity: [{ nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } }],
  podAnnotations: [{ note: 'x' }],
  podLabels: [{ team: 'x' }],
  commonLabels: [{ team: 'x' }],
};

test('every value changes what is rendered: none is dead', async () => {
  assert.deepEqual(
    Object.keys(samples).sort(),
    [...leaves.keys()].sort(),
    'samples and values.yaml name the same values',
  );
  for (const [path, [value, given = {}]] of Object.entries(samples)) {
    // The object store cannot be off without a bucket, so that one is compared with the plain default.
    const before = await renderText(path === 'objectStore.enabled' ? {} : given);
    const after = await renderText(deepMerge(given, nest(path, value)));
    assert.notEqual(after, before, `${path} changes nothing`);
  }
});

test('every pod takes the scheduling values', async () => {
  for (const path of [
    'nodeSelector',
    'tolerations',
    'affinity',
    'priorityClassName',
    'imagePullSecrets',
    'podLabels',
    'podAnnotations',
  ]) {
    const value = samples[path]?.[0];
    const objects = (await render(nest(path, value))).filter(({ kind }) => kind === 'Deployment');
    assert.equal(objects.length, 3);
    for (const { metadata, spec } of objects) {
      assert.ok(
        JSON.stringify(spec?.template).includes(JSON.stringify(value).slice(1, -1)),
        `${path} is not in ${metadata.name}`,
      );
    }
  }
});

test('a misspelt key is refused by its name, at every level', async () => {
  for (const path of groupsOf(values, '')) {
    if (path === 'global') continue;
    const misspelt = path === '' ? { webhok: {} } : nest(`${path}.webhok`, 1);
    await assert.rejects(render(misspelt), /additional properties 'webhok' not allowed/, path || 'top level');
  }
});

test('a value of the wrong type or outside its range is refused at its path', async () => {
  const wrong: readonly (readonly [string, unknown])[] = [
    ['webhook.replicas', 'two'],
    ['webhook.replicas', 0],
    ['controller.replicas', 0],
    ['webhook.tls.mode', 'cert-manager'],
    ['webhook.tls.secretName', 'Mine'],
    ['webhook.tls.issuerRef', { kind: 'ClusterIssuer' }],
    ['objectStore.enabled', 'yes'],
    ['objectStore.size', 10],
    ['image.tag', 1],
    ['image.digest', 'sha256:short'],
    ['image.pullPolicy', 'Sometimes'],
    ['logLevel', 'loud'],
    ['defaultMode', 'enforced'],
    ['storage.s3.prefix', 'my-bucket'],
    ['storage.s3.endpoint', 's3.example.com'],
    ['storage.s3.credentialsSecret', ''],
    ['podSecurityContext.runAsUser', 0],
    ['nodeSelector', { gpu: true }],
    ['imagePullSecrets', ['pull']],
  ];
  for (const [path, value] of wrong) {
    const place = `/${path.replaceAll('.', '/')}`;
    await assert.rejects(
      render(nest(path, value)),
      (error: Error) => error.message.includes(`at '${place}`),
      `${path}: ${value}`,
    );
  }
});

test('the schema knows exactly the keys of values.yaml, describes each, and is closed but for the maps that are the user’s', () => {
  assert.deepEqual(compareKeys(values, schema, ''), []);
  assert.deepEqual(
    [...openMaps(schema, '')],
    [
      'definitions.strings',
      'definitions.quantities',
      'global',
      'policies.standard.spec',
      'tolerations[]',
      'affinity.nodeAffinity',
      'affinity.podAffinity',
      'affinity.podAntiAffinity',
    ],
  );
});

test('every value has a comment above it in values.yaml', () => {
  const counter = new LineCounter();
  const document = parseDocument(valuesText, { lineCounter: counter });
  const lines = valuesText.split('\n');
  for (const path of leaves.keys()) {
    const keys = path.split('.');
    const parent = keys.length > 1 ? document.getIn(keys.slice(0, -1)) : document.contents;
    assert.ok(isYamlMap(parent));
    const pair = parent.items.find(({ key }) => String(key) === keys.at(-1));
    const offset = (pair?.key as { range?: readonly number[] } | undefined)?.range?.[0];
    assert.ok(offset !== undefined, path);
    assert.match(lines[counter.linePos(offset).line - 2] ?? '', /^\s*# ./, `${path} has no comment`);
  }
});

test('the table in the README lists every value with its default, and no other', () => {
  const [, table = ''] = read('README.md').split('\n## Values\n');
  const rows = [...(table.split('\n## ')[0] ?? '').matchAll(/^\| `([^`]+)` \| (.*?) \|/gm)].map(([, path, shown]) => [
    path,
    shown,
  ]);
  assert.deepEqual(
    rows.map(([path]) => path),
    [...leaves.keys()],
  );
  for (const [path = '', shown] of rows) {
    if (path.endsWith('resources')) continue;
    const value = leaves.get(path);
    assert.equal(shown, `\`${typeof value === 'string' && value !== '' ? value : JSON.stringify(value)}\``, path);
  }
});

/** A leaf is what a user sets as a whole: a scalar, a list, an empty map, or a block of resources. */
function isLeaf(path: string, value: unknown): boolean {
  return !isMap(value) || Object.keys(value).length === 0 || path.endsWith('resources');
}

function* leavesOf(node: Readonly<Record<string, unknown>>, prefix: string): Generator<readonly [string, unknown]> {
  for (const [key, value] of Object.entries(node)) {
    const path = `${prefix}${key}`;
    if (isMap(value) && !isLeaf(path, value)) yield* leavesOf(value, `${path}.`);
    else yield [path, value];
  }
}

function* groupsOf(node: Readonly<Record<string, unknown>>, path: string): Generator<string> {
  yield path;
  for (const [key, value] of Object.entries(node)) {
    const child = path ? `${path}.${key}` : key;
    if (isMap(value) && (!isLeaf(child, value) || key === 'resources')) {
      if (key === 'resources') yield child;
      else yield* groupsOf(value, child);
    }
  }
}

function resolve(node: Schema): Schema {
  if (!node.$ref) return node;
  const target = schema.definitions?.[node.$ref.replace('#/definitions/', '')];
  assert.ok(target, node.$ref);
  // Draft-07 says that what stands beside $ref is ignored; a description there still helps the reader.
  return { ...target, ...(node.description ? { description: node.description } : {}) };
}

function compareKeys(node: Readonly<Record<string, unknown>>, at: Schema, prefix: string): readonly string[] {
  const known = at.properties ?? {};
  const differences = Object.keys(known)
    .filter((key) => !(key in node))
    .map((key) => `${prefix}${key} is only in the schema`);
  for (const [key, value] of Object.entries(node)) {
    const path = `${prefix}${key}`;
    const property = known[key];
    if (!property) differences.push(`${path} is only in values.yaml`);
    else {
      if (!resolve(property).description) differences.push(`${path} has no description in the schema`);
      if (isMap(value) && !isLeaf(path, value)) differences.push(...compareKeys(value, resolve(property), `${path}.`));
    }
  }
  return differences;
}

function* openMaps(node: Schema, path: string): Generator<string> {
  if (node.type === 'object' && node.additionalProperties !== false) yield path;
  for (const [key, child] of Object.entries(node.definitions ?? {})) yield* openMaps(child, `definitions.${key}`);
  for (const [key, child] of Object.entries(node.properties ?? {}))
    yield* openMaps(child, path ? `${path}.${key}` : key);
  if (node.items) yield* openMaps(node.items, `${path}[]`);
}
