// The job's request against a small HTTP server in the sidecar's place.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exchange } from '../../src/agent/backup-request.ts';
import { serveAnswer } from '../support/http-answer.ts';

const { signal } = new AbortController();
const RUN = { state: 'running', startedAt: '2026-11-21T10:00:00Z' };
const SECRET = 'token-of-somebody';

test('the run is what the sidecar says, and the signature goes with the request', async (context) => {
  const { url, seen } = await serveAnswer(context, { status: 202, text: JSON.stringify(RUN) });
  assert.deepEqual(await exchange(`${url}/base-backups/a`, 'POST', 'signed', signal), RUN);
  assert.deepEqual([seen[0]?.line, seen[0]?.headers['x-walguard-signature']], ['POST /base-backups/a', 'signed']);
});

test('nobody is sent elsewhere: a redirect is no answer', async (context) => {
  const other = await serveAnswer(context, { status: 200, text: JSON.stringify(RUN) });
  const { url } = await serveAnswer(context, { status: 307, headers: { location: other.url } });
  assert.match(
    String(await exchange(url, 'POST', 's', signal)),
    /^the sidecar at 127.0.0.1 does not answer: .*redirect/,
  );
  assert.deepEqual(other.seen, []);
});

// | what is answered | tried again | refused |
const AGAIN = [
  [200, SECRET, 'the sidecar answers 200'],
  [200, JSON.stringify({ secret: SECRET }), 'the sidecar answers 200'],
  [401, JSON.stringify({ message: 'sign it anew' }), 'the sidecar answers 401: sign it anew'],
  [503, `<html>${SECRET}</html>`, 'the sidecar answers 503'],
] as const;

for (const [status, text, words] of AGAIN) {
  test(`${status}, ${text}: another try is worth it, and what is no word of a sidecar is not quoted`, async (context) => {
    const { url } = await serveAnswer(context, { status, text });
    assert.equal(await exchange(url, 'POST', 's', signal), words);
  });
}

const REFUSED = [
  [409, JSON.stringify({ message: 'another one is running' }), /^the sidecar answers 409: another one is running$/],
  [400, SECRET, /^the sidecar answers 400$/],
  [400, JSON.stringify({ message: 'x'.repeat(10_000) }), /^.{1,600}$/],
  [404, SECRET, /of an older walguard/],
] as const;

for (const [status, text, message] of REFUSED) {
  test(`${status}, ${text.slice(0, 40)}: refused`, async (context) => {
    const { url } = await serveAnswer(context, { status, text });
    await assert.rejects(exchange(url, 'POST', 's', signal), { message });
  });
}
