import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainStoreError, listFolder, type Place } from '../../src/tools/object-store.ts';
import { makeScriptedEngine } from '../support/engines.ts';
import { makeTempDir } from '../support/temp.ts';

const XML =
  '<Error><Code>InvalidAccessKeyId</Code><Message>The AWS Access Key Id you provided does not exist in our records.</Message><AWSAccessKeyId>[redacted]</AWSAccessKeyId></Error>';

/** | what the engine wrote | ended at its deadline | what is said | */
const ROWS = [
  [
    ['2026-11-21T17:31:22.706738Z ERROR list "walguard": http 403: <?xml version="1.0" encoding="UTF-8"?>', XML],
    false,
    'InvalidAccessKeyId: The AWS Access Key Id you provided does not exist in our records.',
  ],
  [
    ['ERROR: 2026/11/21 17:31:22.7 api error AccessDenied: no'],
    false,
    '2026/11/21 17:31:22.7 api error AccessDenied: no',
  ],
  [
    ['WARN x left in storage', '2026-11-21T17:31:22Z ERROR failed to write: transport error', 'INFO over'],
    false,
    'failed to write: transport error',
  ],
  [['WARN retrying transient error'], true, 'no answer within its deadline: WARN retrying transient error'],
  [
    ['ERROR failed to verify TLS certificate', 'ERROR failed to verify TLS certificate', 'ERROR list: transport error'],
    false,
    'failed to verify TLS certificate; list: transport error',
  ],
  [[], false, 'it said nothing'],
  [[`ERROR ${'x'.repeat(1000)}`], false, 'x'.repeat(300)],
] as const;

for (const [stderrTail, timedOut, said] of ROWS) {
  test(`an engine's failure, ${stderrTail.length} lines: ${said.slice(0, 60)}`, () => {
    assert.equal(explainStoreError({ stderrTail, timedOut }), said);
  });
}

async function placeOf(context: Parameters<typeof makeTempDir>[0], script: string): Promise<Place> {
  const engine = await makeScriptedEngine(await makeTempDir(context), script);
  return { engine, env: { PATH: process.env.PATH ?? '' }, timeoutMs: 5000 };
}

test('names come out of either engine’s table, and none out of an empty one', async (context) => {
  const walrus = 'printf "type\\tsize\\tlast modified\\tname\\nobj\\t3\\t2026-11-21T17:31:22Z\\towner.json\\n"';
  assert.deepEqual(await listFolder(await placeOf(context, walrus), 'walguard'), ['owner.json']);
  const walg =
    'printf "type size last modified                        name\\nobj  3    2026-11-21 17:31:22 +0000 UTC owner.json\\n"';
  assert.deepEqual(await listFolder(await placeOf(context, walg), 'walguard'), ['owner.json']);
  assert.deepEqual(await listFolder(await placeOf(context, 'echo "type size last modified name"'), 'walguard'), []);
});

test('a store that cannot be read is an error in its own words', async (context) => {
  const place = await placeOf(context, `echo '${XML}' >&2; exit 1`);
  await assert.rejects(listFolder(place, 'walguard'), /^Error: st ls: InvalidAccessKeyId: The AWS/);
});
