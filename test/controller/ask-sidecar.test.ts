// One question to a pod that may be anybody's: a small HTTP server of our own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askSidecar } from '../../src/controller/ask-sidecar.ts';
import { type Answer, serveAnswer } from '../support/http-answer.ts';

const SECRET = 'token-of-somebody';

test('its status is what it answers', async (context) => {
  const { port, seen } = await serveAnswer(context, { status: 200, text: '{"pod":"orders-0"}' });
  assert.deepEqual(await askSidecar('127.0.0.1', port), { pod: 'orders-0' });
  assert.equal(seen[0]?.line, 'GET /status');
});

test('a pod cannot send the controller elsewhere', async (context) => {
  const other = await serveAnswer(context, { status: 200, text: '{"pod":"orders-0"}' });
  const { port } = await serveAnswer(context, { status: 302, headers: { location: `${other.url}/anything` } });
  assert.match(String(await askSidecar('127.0.0.1', port)), /^the sidecar does not answer: /);
  assert.deepEqual(other.seen, []);
});

const ANSWERS: readonly (readonly [answer: Answer, words: RegExp])[] = [
  [{ status: 200, text: SECRET }, /what it says is no status$/],
  [{ status: 200, text: `"${SECRET}"` }, /what it says is no status$/],
  [{ status: 200, text: `[{"a":"${SECRET}"}]` }, /what it says is no status$/],
  [{ status: 200, text: `{"a":"${SECRET}"` }, /what it says is no status$/],
  [{ status: 404, text: SECRET }, /it says 404$/],
  [{ status: 500, text: `{"a":"${SECRET}"}` }, /it says 500$/],
  [{ status: 200, text: SECRET.repeat(100_000) }, /^the sidecar does not answer: /],
  [{ status: 0 }, /^the sidecar does not answer: /],
];

for (const [answer, words] of ANSWERS) {
  const { status, text = 'nothing' } = answer;
  test(`${status}, ${text.slice(0, 30)}: in words why there is no status, and none of its own`, async (context) => {
    const { port } = await serveAnswer(context, answer);
    const said = String(await askSidecar('127.0.0.1', port));
    assert.match(said, words);
    assert.doesNotMatch(said, /token|somebody/);
  });
}
