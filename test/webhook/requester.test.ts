// Who asked for a Restore: one test for each row of the table.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import jsonPatch from 'fast-json-patch';
import { REQUESTED_BY_ANNOTATION } from '../../src/api/names.ts';
import type { Restore } from '../../src/api/restore.ts';
import { answerRequester } from '../../src/webhook/requester.ts';
import { buildRestoreOf } from '../support/subjects.ts';

type Annotations = Record<string, string> | undefined;

function restoreWith(annotations: Annotations): Restore {
  const restore = buildRestoreOf();
  return annotations === undefined ? restore : { ...restore, metadata: { ...restore.metadata, annotations } };
}

function ask(request: Record<string, unknown>) {
  const object = structuredClone(request.object) as Restore;
  const { response, code } = answerRequester({ uid: 'review-1', request });
  assert.equal(response.allowed, true);
  const patch = response.patch ? JSON.parse(Buffer.from(response.patch, 'base64').toString()) : [];
  const patched = jsonPatch.applyPatch(object, patch, true).newDocument;
  assert.deepEqual(
    { ...patched, metadata: { ...patched.metadata, annotations: 0 } },
    {
      ...restoreWith(undefined),
      metadata: { ...restoreWith(undefined).metadata, annotations: 0 },
    },
  );
  return { code, annotations: patched.metadata.annotations };
}

const KEY = REQUESTED_BY_ANNOTATION;
const ALICE = { username: 'alice@example.org', groups: ['dba'] };

const CREATED: Readonly<Record<string, readonly [said: Annotations, userInfo: unknown, annotations: Annotations]>> = {
  'no annotations': [undefined, ALICE, { [KEY]: ALICE.username }],
  others: [{ a: 'b' }, ALICE, { a: 'b', [KEY]: ALICE.username }],
  'somebody else is named': [{ a: 'b', [KEY]: 'mallory' }, ALICE, { a: 'b', [KEY]: ALICE.username }],
  'the right one is named': [{ [KEY]: ALICE.username }, ALICE, { [KEY]: ALICE.username }],
  'nobody tells who it is': [{ [KEY]: 'mallory' }, undefined, {}],
  'nobody tells, and nothing is said': [undefined, { username: '' }, undefined],
};

for (const [name, [said, userInfo, annotations]] of Object.entries(CREATED)) {
  test(`CREATE, ${name}`, () => {
    assert.deepEqual(ask({ operation: 'CREATE', object: restoreWith(said), userInfo }).annotations, annotations);
  });
}

const UPDATED: Readonly<Record<string, readonly [old: Annotations, said: Annotations, annotations: Annotations]>> = {
  'another is named': [{ [KEY]: 'alice' }, { [KEY]: 'mallory' }, { [KEY]: 'alice' }],
  'it is taken away': [{ [KEY]: 'alice' }, { a: 'b' }, { a: 'b', [KEY]: 'alice' }],
  'all are taken away': [{ [KEY]: 'alice' }, undefined, { [KEY]: 'alice' }],
  'it was unknown': [{ a: 'b' }, { a: 'b', [KEY]: 'mallory' }, { a: 'b' }],
  'it stays': [{ [KEY]: 'alice' }, { a: 'b', [KEY]: 'alice' }, { a: 'b', [KEY]: 'alice' }],
};

for (const [name, [old, said, annotations]] of Object.entries(UPDATED)) {
  test(`UPDATE, ${name}: it is what it was, whoever asks`, () => {
    const request = { operation: 'UPDATE', object: restoreWith(said), oldObject: restoreWith(old), userInfo: ALICE };
    assert.deepEqual(ask(request).annotations, annotations);
  });
}

test('where nothing is to be changed nothing is', () => {
  const object = restoreWith({ [KEY]: ALICE.username });
  assert.equal(ask({ operation: 'CREATE', object, userInfo: ALICE }).code, 'unchanged');
});
