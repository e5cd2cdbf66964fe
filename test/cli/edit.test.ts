// Changing a manifest in its own text: what need not change stays, character for character.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stringify, type ToStringOptions } from 'yaml';
import type { KubeObject, StatefulSet } from '../../src/api/kubernetes.ts';
import { editText } from '../../src/cli/edit.ts';
import { UneditableError } from '../../src/cli/place.ts';
import { strip } from '../../src/inject/strip.ts';
import { isEqual } from '../../src/lib/json.ts';
import { findObjects } from '../../src/manifest/objects.ts';
import { type ParsedFile, parseSource } from '../../src/manifest/parse.ts';
import { injectable } from '../support/arbitraries.ts';
import { CASES } from '../support/cases.ts';
import { injected } from '../support/injected.ts';
import { SETTINGS } from '../support/workloads.ts';

function parse(text: string): ParsedFile {
  const file = parseSource({ file: 'test.yaml', text });
  if ('message' in file) assert.fail(`${file.line}: ${file.message}\n${text}`);
  return file;
}

function objectsOf(text: string): KubeObject[] {
  return findObjects(parse(text)).map(({ object }) => object);
}

/** Every StatefulSet of the text, changed. */
function rewrite(text: string, change: (workload: StatefulSet) => StatefulSet): string {
  const file = parse(text);
  const changes = findObjects(file)
    .filter(({ object }) => object.kind === 'StatefulSet')
    .map((located) => ({ located, after: change(located.object as StatefulSet) }));
  return editText(file, changes);
}

const injectText = (text: string) => rewrite(text, (workload) => injected(workload));
const stripText = (text: string) => rewrite(text, strip);

function assertLaws(text: string): string {
  const result = injectText(text);
  const wanted = objectsOf(text).map((each) => (each.kind === 'StatefulSet' ? injected(each as StatefulSet) : each));
  assert.ok(isEqual(objectsOf(result), wanted), result);
  assert.equal(injectText(result), result, 'injected twice');
  return result;
}

function assertRoundTrip(text: string): string {
  const result = assertLaws(text);
  assert.equal(stripText(result), text);
  return result;
}

function yaml(value: unknown, options: ToStringOptions = {}): string {
  return stringify(value, { version: '1.1', aliasDuplicateObjects: false, ...options });
}

const STYLES: readonly (readonly [name: string, print: (value: unknown) => string])[] = [
  ['YAML, lists indented', (value) => yaml(value)],
  ['YAML, lists not indented', (value) => yaml(value, { indentSeq: false })],
  ['YAML, indented by 4', (value) => yaml(value, { indent: 4, lineWidth: 40 })],
  ['YAML, no line end at the end', (value) => yaml(value, { blockQuote: false }).trimEnd()],
  ['YAML, CR LF', (value) => yaml(value, { blockQuote: false }).replaceAll('\n', '\r\n')],
  ['YAML, flowing', (value) => yaml(value, { collectionStyle: 'flow' })],
  ['JSON, indented by 2', (value) => `${JSON.stringify(value, null, 2)}\n`],
  ['JSON, indented by tabs', (value) => `${JSON.stringify(value, null, '\t')}\n`],
  ['JSON, in one line', (value) => JSON.stringify(value)],
];

for (const [name, print] of STYLES) {
  test(`${name}: injected and stripped, a text is what it was`, () => {
    for (const build of Object.values(CASES)) assertRoundTrip(print(build()));
    fc.assert(
      fc.property(injectable, (workload) => {
        assertRoundTrip(print(workload));
      }),
      { numRuns: 25 },
    );
  });
}

/** A database as people write it, with the lines given in the place of its container's last ones. */
function manifest(container: string, more = ''): string {
  return `# Orders: what customers bought.
apiVersion: apps/v1
kind: StatefulSet
metadata: # who it is
  name: orders
  labels: {app:   orders,  tier: "data"}
spec:
  serviceName:   'orders'
  template:
    spec:
      containers:
      # the database
      - name: postgres   # not a client
        image: "postgres:15"
${container}
  # one disk for each
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {}
${more}`;
}

const MOUNTS = `        volumeMounts:
        - name: data
          mountPath: /var/lib/postgresql/data   # 20 GiB
        # nothing else`;

const ROUND_TRIPS: Readonly<Record<string, string>> = {
  'comments, quotes and blanks': manifest(MOUNTS),
  'a comment at the end, and blank lines': manifest(`${MOUNTS}\n\n`, '\n\n# the end\n\n'),
  'a byte order mark': `\uFEFF${manifest(MOUNTS)}`,
  'CR LF': manifest(MOUNTS).replaceAll('\n', '\r\n'),
  'several documents, and empty ones': `# first\n---\n${manifest(MOUNTS)}---\n---\n# nothing here\n---\nkind: Service\nmetadata: {name: a}\n...\n`,
  'a document end without a line end': `--- # here\n${manifest(MOUNTS)}...`,
  'a list in brackets over several lines': manifest(`        volumeMounts: [
          {name: data, mountPath: /var/lib/postgresql/data},   # the disk
        ]
        args: [postgres, -c,
               shared_buffers=1GB]`),
  'empty lists': manifest(`${MOUNTS}
        args: []
      volumes: []   # none yet
      initContainers: []`),
  'text in blocks, at the end of what is added to': manifest(`${MOUNTS}
        args:
        - -c
        - |
          search_path=a,

          b

        - >-
          listen_addresses
          =*
        lifecycle:
          postStart:
            exec:
              command: [sh, -c, "true"]
        terminationMessagePath: |+
          /dev/x

`),
  'numbers that no computer program has': manifest(`${MOUNTS}
        x-octal: 0755
        x-big: 123456789012345678901234567890
        x-hex: 0xFF
        x-float: 1.10
        x-time: 12:30:45
        x-date: 2026-01-01
        x-switch: off`),
  'a very long line': manifest(`${MOUNTS}\n        x-long: ${'word '.repeat(500)}end`),
  'an anchor that nothing to be changed uses': manifest(`${MOUNTS}
        resources:
          requests: &size {cpu: 1, memory: 1Gi}
          limits: *size
        env:
        - {name: A, value: &a "yes"}
        - {name: B, value: *a}`),
  'a merge key elsewhere': manifest(MOUNTS, 'x-base: &base {a: 1}\nx-more:\n  <<: *base\n  b: 2\n'),
  'a List': `apiVersion: v1
kind: List
items:
# the first
- apiVersion: v1
  kind: Service
  metadata: {name: orders}
-   apiVersion: apps/v1
    kind: StatefulSet
    metadata:
      name: orders   # the second
    spec:
      template:
        spec:
          containers:
            - image: postgres:15
              name: postgres
              volumeMounts: [{name: data, mountPath: /var/lib/postgresql/data}]
      volumeClaimTemplates: [{metadata: {name: data}, spec: {}}]
metadata: {resourceVersion: ""}
`,
  'a list of a kind, whose items leave it out': `kind: StatefulSetList
apiVersion: apps/v1
items:
  - metadata: {name: orders}
    spec:
      template:
        spec:
          containers: [{name: postgres, image: "postgres:15", volumeMounts: [{name: data, mountPath: /var/lib/postgresql/data}]}]
      volumeClaimTemplates: [{metadata: {name: data}, spec: {}}]
`,
  'a Template of OpenShift': `kind: Template
objects:
- kind: StatefulSet
  apiVersion: apps/v1
  metadata: {name: orders}
  spec:
    template:
      spec:
        containers:
        - name: postgres
          image: postgres:15
          volumeMounts:
          - {name: data, mountPath: /var/lib/postgresql/data}
    volumeClaimTemplates: [{metadata: {name: data}, spec: {}}]
parameters: []
`,
};

function commentsOf(text: string): string[] {
  return text.match(/#.*$/gm) ?? [];
}

for (const [name, text] of Object.entries(ROUND_TRIPS)) {
  test(`${name}: what was there stays as it is, and comes back`, () => {
    const result = assertRoundTrip(text);
    assert.deepEqual(commentsOf(result), commentsOf(text));
    const lines = new Set(result.split(/\r?\n/));
    const lost = text.split(/\r?\n/).filter((line) => !lines.has(line));
    // Only a list in brackets grows inside its own line, and empty brackets become lines.
    assert.deepEqual(
      lost.filter((line) => !/[[\]{}]/.test(line)),
      [],
    );
  });
}

test('a key with nothing after it counts as absent', () => {
  const text = manifest(`${MOUNTS}
        args:   # none
        env: ~
      volumes:
      # none either
      initContainers: null
      nodeSelector: {}`);
  const result = assertLaws(text);
  assert.match(result, /^ {8}args: {3}# none\n {8}- -c$/m);
  assert.match(result, /^ {6}volumes:\n {6}- name: walguard$/m);
  assert.match(result, /^ {6}initContainers:\n {6}- name: walguard$/m);
  assert.ok(isEqual(objectsOf(stripText(result)), objectsOf(text)));
  assert.deepEqual(commentsOf(stripText(result)), commentsOf(text));
});

test('what the user added after the injection stays when it is removed', () => {
  const result = injectText(manifest(MOUNTS)).replace(
    /^( +)- name: walguard\n +emptyDir:/m,
    (found, blanks) => `${blanks}- name: own   # added\n${blanks}  emptyDir: {}\n${found}`,
  );
  const stripped = stripText(result);
  assert.match(stripped, /^ {6}volumes:\n {6}- name: own {3}# added\n {8}emptyDir: \{\}$/m);
  assert.doesNotMatch(stripped, /walguard/);
});

test('a list that loses all its items, but was there before, stays as an empty one', () => {
  const before = injectText(manifest(`${MOUNTS}\n      volumes:\n      - name: own\n        emptyDir: {}`));
  const stripped = stripText(before.replace('      - name: own\n        emptyDir: {}\n', ''));
  assert.match(stripped, /^ {6}volumes: \[\]$/m);
});

test('a change of the settings changes only what they decide', () => {
  const before = injectText(manifest(MOUNTS));
  const after = rewrite(before, (workload) =>
    injected(workload, { ...SETTINGS, archive: { ...SETTINGS.archive, timeoutSeconds: 300 } }),
  );
  const changed = after.split('\n').filter((line) => !before.split('\n').includes(line));
  assert.ok(changed.length > 0 && changed.every((line) => line.includes('300')), changed.join('\n'));
});

test('a container may come first by any key', () => {
  const text = manifest(`        command: [docker-entrypoint.sh]\n${MOUNTS}`).replace(
    '- name: postgres   # not a client\n        image: "postgres:15"',
    '- image: "postgres:15"\n        name: postgres',
  );
  assertRoundTrip(text);
});

const UNEDITABLE: Readonly<Record<string, string>> = {
  'a list that another object uses too': `${manifest(MOUNTS.replace('volumeMounts:', 'volumeMounts: &mounts'))}x-other: *mounts\n`,
  'a container from an alias': manifest(MOUNTS, 'x-other: 1\n')
    .replace('containers:\n', 'containers: *all\n')
    .replace(/ {6}# the database[\s\S]*?(?= {2}# one disk)/, '')
    .replace(
      'apiVersion',
      'x-all: &all [{name: postgres, image: "postgres:15", volumeMounts: [{name: data, mountPath: /var/lib/postgresql/data}]}]\napiVersion',
    ),
};

for (const [name, text] of Object.entries(UNEDITABLE)) {
  test(`${name}: refused rather than changed beside the point`, () => {
    assert.throws(() => injectText(text), UneditableError);
  });
}
