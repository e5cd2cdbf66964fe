// Both tables of drill-leave.ts: who lets what into another namespace, and what is said where somebody does not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../src/api/kubernetes.ts';
import { judgeNames, judgeNamespace, judgeSecret, type SecretScene, sumUp } from '../../src/controller/drill-leave.ts';
import type { Secret } from '../../src/controller/secrets.ts';

function namespace(drillsOf?: string, more: Partial<KubeObject['metadata']> = {}): KubeObject {
  const annotations = drillsOf === undefined ? {} : { 'walguard.dev/drills-of': drillsOf };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'dr', annotations, ...more } };
}

const COMMAND = 'kubectl annotate namespace dr --overwrite walguard.dev/drills-of=';
const NAMESPACES: Readonly<Record<string, readonly [KubeObject | undefined, string]>> = {
  'does not exist': [undefined, 'kubectl create namespace dr'],
  'is being deleted': [namespace('shop', { deletionTimestamp: '2026-11-21T09:00:00Z' }), 'is being deleted'],
  'says nothing': [namespace(), `${COMMAND}shop`],
  'says nothing, in words': [namespace(' '), `${COMMAND}shop`],
  'names another': [namespace('bank'), `${COMMAND}bank,shop`],
  'names one that begins alike': [namespace('shop-two'), `${COMMAND}shop-two,shop`],
  'names it': [namespace('bank, shop'), 'given'],
  'takes in all': [namespace('*'), 'given'],
};

for (const [what, [live, expected]] of Object.entries(NAMESPACES)) {
  test(`a namespace that ${what}`, () => {
    const leave = judgeNamespace('dr', 'shop', live);
    if (leave === 'given') assert.equal(leave, expected);
    else assert.ok(leave.missing.endsWith(expected), leave.missing);
  });
}

/** | a CronJob there has a name that a drill's would have | it is that drill's own | leave | */
const NAMES: Readonly<Record<string, readonly [name: string, labels: Record<string, string>, isGiven: boolean]>> = {
  'another name': ['nightly', {}, true],
  'its own': ['drill', { 'app.kubernetes.io/managed-by': 'walguard', 'walguard.dev/database-namespace': 'shop' }, true],
  "somebody's": ['drill', { 'walguard.dev/database-namespace': 'shop' }, false],
  "a namesake's": ['drill', { 'app.kubernetes.io/managed-by': 'walguard' }, false],
};

for (const [what, [name, labels, isGiven]] of Object.entries(NAMES)) {
  test(`a CronJob there: ${what}`, () => {
    const all = { 'walguard.dev/companion': 'drill', 'walguard.dev/database': 'orders', ...labels };
    const live = { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name, namespace: 'dr', labels: all } };
    const leave = judgeNames({ home: 'shop', database: 'orders', place: 'dr', names: ['drill'] }, [live]);
    if (leave === 'given') assert.ok(isGiven);
    else assert.match(leave.missing, /not walguard's; .*: kubectl -n dr delete cronjob drill$/);
    assert.equal(leave === 'given', isGiven);
  });
}

function secret(isOurs: boolean, copyTo?: string): Secret {
  const labels: Record<string, string> = isOurs ? { 'app.kubernetes.io/managed-by': 'walguard' } : {};
  const annotations = copyTo === undefined ? {} : { 'walguard.dev/copy-to': copyTo };
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login', labels, annotations }, data: { a: 'YQ==' } };
}

const [OURS, THEIRS] = [secret(true), secret(false)];
const ALLOWED = secret(false, 'dr');
type Live = Partial<SecretScene['live']>;

/** | in the place | in the database's namespace | the source | its copy-to | result | */
const SECRETS: Readonly<Record<string, readonly [Live, string]>> = {
  "a person's own is used": [{ inPlace: THEIRS }, 'given'],
  "a person's own is used, whatever else there is": [{ inPlace: THEIRS, atHome: THEIRS, atSource: OURS }, 'given'],
  "the database's own is not ours to copy": [{ atHome: THEIRS, atSource: ALLOWED }, 'make it in "dr" too'],
  'and a copy of another in its place is no help': [
    { inPlace: OURS, atHome: THEIRS, atSource: ALLOWED },
    'make it in "dr" too',
  ],
  'there is none anywhere': [{}, 'and none in "dr"; make it there'],
  'the source is gone, and a copy is left': [{ inPlace: OURS, atHome: OURS }, 'make it there'],
  'the source says nothing': [
    { atHome: OURS, atSource: OURS },
    'kubectl -n walguard-system annotate secret login --overwrite walguard.dev/copy-to=dr',
  ],
  'the source lets it go elsewhere': [
    { inPlace: OURS, atSource: secret(true, 'bank') },
    'walguard.dev/copy-to=bank,dr',
  ],
  'the source lets it go there': [{ atHome: OURS, atSource: ALLOWED }, 'copy'],
  'there is a copy already, to be kept fresh': [{ inPlace: OURS, atHome: OURS, atSource: ALLOWED }, 'copy'],
  'the source lets it go anywhere': [{ atSource: secret(true, '*') }, 'copy'],
};

const scene = (live: Live, more: Partial<SecretScene> = {}): SecretScene => {
  const none = { inPlace: undefined, atHome: undefined, atSource: undefined };
  return { name: 'login', place: 'dr', home: 'shop', source: 'walguard-system', live: { ...none, ...live }, ...more };
};

for (const [what, [live, expected]] of Object.entries(SECRETS)) {
  test(`a Secret: ${what}`, () => {
    const leave = judgeSecret(scene(live));
    if (typeof leave === 'string') assert.equal(leave, expected);
    else assert.ok(leave.missing.endsWith(expected), leave.missing);
  });
}

test("where place or database's namespace is walguard's own, the source is what lies there", () => {
  assert.equal(judgeSecret(scene({ inPlace: OURS, atSource: OURS }, { place: 'walguard-system' })), 'given');
  assert.equal(judgeSecret(scene({ atHome: THEIRS, atSource: ALLOWED }, { home: 'walguard-system' })), 'copy');
});

test('all that is missing is said at once, each thing once', () => {
  const [one, other] = [{ missing: 'one' }, { missing: 'other' }];
  assert.equal(sumUp(['given', 'given']), 'given');
  assert.deepEqual(sumUp(['given', one, other, one]), { missing: 'one; and other' });
});
