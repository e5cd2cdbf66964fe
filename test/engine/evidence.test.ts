// Evidence in a real store, by the real engine: chained, signed, never overwritten, and readable without anything of walguard's.
import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  type EvidenceDraft,
  type EvidenceOptions,
  type EvidenceWritten,
  writeEvidence,
} from '../../src/agent/evidence.ts';
import type { SignedEvidence } from '../../src/api/evidence.ts';
import { EXIT } from '../../src/api/names.ts';
import { runVerifyReport } from '../../src/cli/drill-verify.ts';
import { describeRestore } from '../../src/lib/evidence/restore.ts';
import {
  digestRecord,
  fingerprintOf,
  makeEvidenceKey,
  type PemPair,
  parsePublicKey,
} from '../../src/tools/evidence.ts';
import { buildRecord } from '../support/evidence.ts';
import { captureOutput } from '../support/output.ts';
import { buildRestoreOf } from '../support/subjects.ts';
import {
  type AgentOptions,
  agentContext,
  type EngineUnderTest,
  engineTest,
  runJob,
  startPod,
  startPostgres,
  startStore,
} from './support/engine-world.ts';

const FOLDER = 'shop/orders/evidence';
const START = Date.parse('2026-11-21T20:15:33Z');

function draft(changes: Partial<EvidenceDraft> = {}): EvidenceDraft {
  const { id: _, ...rest } = buildRecord();
  return { ...rest, ...changes };
}

async function startEvidence(context: TestContext, engine: EngineUnderTest, options: AgentOptions = {}) {
  const store = await startStore(context);
  const pod = await startPod(context, { engine });
  const postgres = await startPostgres(pod);
  const agent = agentContext('drill', store, postgres, options);
  const keyDirectory = join(pod.directory, 'key');
  await mkdir(keyDirectory);
  const useKey = async (pair: PemPair) => writeFile(join(keyDirectory, 'private.pem'), pair.privateKey);
  const write = (more: Partial<EvidenceOptions> & { draft?: EvidenceDraft } = {}): Promise<EvidenceWritten> => {
    const { credentials } = store;
    const signal = AbortSignal.timeout(60_000);
    return writeEvidence(agent, more.draft ?? draft(), { signal, credentials, keyDirectory, now: START, ...more });
  };
  const read = async (id: string) =>
    JSON.parse(await readFile(store.fileOf(`${FOLDER}/${id}.json`), 'utf8')) as SignedEvidence;
  return { store, pod, postgres, useKey, write, read };
}

function good(written: EvidenceWritten): EvidenceWritten & { readonly ok: true } {
  assert.ok(written.ok, written.ok ? '' : written.message);
  return written;
}

/** `drill verify-report` on the bucket's own files. */
async function verify(directory: string, keys: readonly string[] = []) {
  return captureOutput(() => runVerifyReport([directory], { publicKey: keys }, '1.2.3'));
}

engineTest('records are chained and signed, and verify as they lie in the store', async (context, engine) => {
  const { store, pod, useKey, write, read } = await startEvidence(context, engine);
  const pair = makeEvidenceKey();
  await useKey(pair);
  const first = good(await write());
  assert.equal(first.id, '20261121T201533Z-orders-0-weekly');
  assert.equal(first.path, `s3://backups/${FOLDER}/${first.id}.json`);
  assert.deepEqual(first.doubts, []);
  assert.equal(first.fingerprint, fingerprintOf(parsePublicKey(pair.publicKey)));
  const second = good(await write({ draft: draft({ outcome: 'failed', message: 'rows are missing: größer & <b>' }) }));
  assert.equal(second.id, '20261121T201534Z-orders-0-weekly', 'the name was taken');
  const signed = await read(second.id);
  assert.equal(digestRecord((await read(first.id)).record), first.sha256);
  assert.equal(JSON.parse(signed.record).previous, first.sha256);
  assert.deepEqual(await store.list(), [`${FOLDER}/${first.id}.json`, `${FOLDER}/${second.id}.json`]);
  const key = join(pod.directory, 'public.pem');
  await writeFile(key, pair.publicKey);
  const { result, stdout } = await verify(store.fileOf(FOLDER), [key]);
  assert.equal(result, EXIT.ok, stdout);
  assert.match(stdout, /2 records, chain whole/);
});

engineTest(
  'what is there is never overwritten, and what cannot be read is passed over and told',
  async (context, engine) => {
    const { store, useKey, write, read } = await startEvidence(context, engine);
    await useKey(makeEvidenceKey());
    const first = good(await write());
    // Half a file, and somebody else's.
    const torn = `${FOLDER}/20261121T201540Z-orders-0-weekly.json`;
    await writeFile(store.fileOf(torn), '{"record":"{');
    await writeFile(store.fileOf(`${FOLDER}/readme.json`), 'hello');
    const second = good(await write());
    assert.equal(second.id, '20261121T201541Z-orders-0-weekly');
    assert.equal(JSON.parse((await read(second.id)).record).previous, first.sha256);
    assert.match(second.doubts.join(), /20261121T201540Z-orders-0-weekly\.json, which was before it, cannot be used/);
    assert.equal(await readFile(store.fileOf(torn), 'utf8'), '{"record":"{');
    assert.equal((await verify(store.fileOf(FOLDER))).result, EXIT.failed);
  },
);

engineTest("two at once: neither takes the other's place", async (context, engine) => {
  const { store, write } = await startEvidence(context, engine);
  const written = await Promise.all([write(), write({ draft: draft({ name: 'other' }) })]);
  const ids = written.map((each) => good(each).id);
  assert.equal(new Set(ids).size, 2);
  assert.deepEqual(await store.list(), ids.map((id) => `${FOLDER}/${id}.json`).sort());
});

engineTest(
  'without a key, or with one that is none, it is written all the same and said to be unsigned',
  async (context, engine) => {
    const { pod, write, read } = await startEvidence(context, engine);
    const first = good(await write());
    assert.match(first.doubts.join(), /not signed: there is no key in /);
    await writeFile(join(pod.directory, 'key', 'private.pem'), 'nonsense');
    const second = good(await write());
    assert.match(second.doubts.join(), /not signed: .* is no Ed25519 private key/);
    assert.doesNotMatch(second.doubts.join(), /nonsense/);
    assert.deepEqual(Object.keys(await read(second.id)), ['record']);
    assert.equal(second.fingerprint, undefined);
  },
);

engineTest('it is in clear, also where backups are encrypted and their key is lost', async (context, engine) => {
  const env = { WALG_LIBSODIUM_KEY_PATH: '/nowhere/key', WALG_LIBSODIUM_KEY_TRANSFORM: 'hex' };
  const { write, read } = await startEvidence(context, engine, { env });
  const { id } = good(await write());
  assert.equal(JSON.parse((await read(id)).record).outcome, 'passed');
});

engineTest('a store that is down is reported, never thrown and never hidden', async (context, engine) => {
  const { store, write } = await startEvidence(context, engine);
  await store.stop();
  const written = await write();
  assert.ok(!written.ok);
  assert.match(written.message, /^the evidence was not written: st ls failed/);
  await store.start();
  good(await write());
  const wrong = await write({ credentials: { ...store.credentials, AWS_SECRET_ACCESS_KEY: 'wrong' } });
  assert.ok(!wrong.ok);
  assert.ok(!wrong.message.includes('wrong'), 'no secret in the message');
});

engineTest('what could not be checked later is not written', async (context, engine) => {
  const { store, write } = await startEvidence(context, engine);
  const wrong = [
    [{ database: { ...buildRecord().database, namespace: '../other' } }, /"\.\.\/other" is no name of a namespace/],
    [{ finishedAt: 'today' }, /its record is none: finishedAt is no time of RFC 3339/],
    [
      { phases: [{ name: 'fetch', startedAt: '2026-11-21T00:00:00Z', seconds: -1 }] },
      /phases\[0\]\.seconds is no number/,
    ],
    [
      { checks: Array(5000).fill({ ...buildRecord().checks[0], seen: 's'.repeat(300) }) },
      /are the most; run fewer checks/,
    ],
  ] as const;
  for (const [changes, says] of wrong) {
    const written = await write({ draft: draft(changes) });
    assert.ok(!written.ok);
    assert.match(written.message, says);
  }
  assert.deepEqual(await store.list(), []);
});

engineTest(
  'walguard agent evidence prints every record as a line, and says which file is none',
  async (context, engine) => {
    const { store, postgres, useKey, write, read } = await startEvidence(context, engine);
    const none = await runJob('evidence', store, postgres);
    assert.deepEqual([none.code, none.stdout, none.report], [EXIT.ok, '', {}]);
    await useKey(makeEvidenceKey());
    const ids = [good(await write()).id, good(await write()).id];
    const whole = await runJob('evidence', store, postgres);
    assert.equal(whole.code, EXIT.ok, whole.stderr);
    const lines = whole.stdout.trim().split('\n');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)),
      await Promise.all(ids.map(read)),
    );
    await writeFile(store.fileOf(`${FOLDER}/note.json`), '{}');
    const partly = await runJob('evidence', store, postgres);
    assert.equal(partly.code, EXIT.failed);
    assert.equal(partly.stdout, whole.stdout);
    assert.match(partly.stderr, /s3:\/\/backups\/shop\/orders\/evidence\/note\.json: it is no evidence/);
    await rm(store.fileOf(`${FOLDER}/note.json`));
    await store.stop();
    const down = await runJob('evidence', store, postgres);
    assert.equal(down.code, EXIT.failed);
    assert.equal(down.stdout, '');
  },
);

/** Of a Restore that took a minute and a half. */
function factsOf(uid: string, storagePrefix: string, isInPlace: boolean) {
  const restore = buildRestoreOf();
  const destination = isInPlace ? { inPlace: { confirm: 'orders' } } : restore.spec.destination;
  const at = (second: number) => new Date(START + second * 1000).toISOString();
  const status = {
    phase: 'Completed' as const,
    message: 'StatefulSet "orders-before" is promoted and archives on its own',
    baseBackup: 'base_000000010000000000000042',
    plan: { baseBackup: 'base_000000010000000000000042', target: '2026-11-21T09:41:00Z', fetchBytes: 9, dataBytes: 9 },
    startedAt: at(0),
    fetchedAt: at(60),
    completedAt: at(90),
    phases: [
      ...(isInPlace ? (['Fetching', 'Stopping'] as const) : []).map((phase) => ({ phase, startedAt: at(0) })),
      { phase: 'Fetching' as const, startedAt: at(0) },
      { phase: 'Replaying' as const, startedAt: at(60) },
    ],
  };
  const source = { instance: 'orders-0', storagePrefix, policy: 'standard', image: 'postgres:15', objectives: {} };
  const { metadata, spec } = restore;
  const whole = { ...restore, metadata: { ...metadata, uid }, spec: { ...spec, destination }, status };
  return describeRestore(whole, source, at(90));
}

engineTest("a restore is recorded once, chained after a drill's record, and verifies", async (context, engine) => {
  const { store, pod, postgres, useKey, write, read } = await startEvidence(context, engine);
  const pair = makeEvidenceKey();
  await useKey(pair);
  await mkdir(join(pod.storage, 'evidence-key'));
  await writeFile(join(pod.storage, 'evidence-key', 'private.pem'), pair.privateKey);
  const drill = good(await write());
  const prefix = `${store.prefix}/shop/orders/15/7710543307137138721`;
  const keep = (uid: string, isInPlace = false) =>
    runJob('restore-evidence', store, postgres, {
      env: { WALGUARD_RESTORE_FACTS: JSON.stringify(factsOf(uid, prefix, isInPlace)) },
    });
  const first = await keep('uid-1');
  assert.equal(first.code, EXIT.ok, first.stderr);
  const { evidence, doubts } = first.report as { evidence: string; doubts: string[] };
  assert.deepEqual(doubts, []);
  const record = JSON.parse((await read(evidence)).record);
  assert.deepEqual([record.what, record.name, record.previous], ['restore', 'undo', drill.sha256]);
  assert.match(record.phases[0].command, /backup-fetch .*base_000000010000000000000042/);
  assert.match(record.versions.engine, new RegExp(engine.id));
  assert.equal(record.recovery.rtoSeconds, 90);

  assert.deepEqual((await keep('uid-1')).report, first.report, 'its job was made a second time');
  const { evidence: later } = (await keep('uid-2', true)).report as { evidence: string };
  assert.notEqual(later, evidence, 'another Restore of the same name');
  const phases: { name: string; command?: string }[] = JSON.parse((await read(later)).record).phases;
  assert.deepEqual(
    phases.map(({ name, command }) => [
      name,
      command?.includes(`${postgres.pgdata}.walguard-r20261121201533 `) ?? false,
    ]),
    [
      ['look', false],
      ['stop', false],
      ['fetch', true],
      ['replay', false],
    ],
  );
  assert.equal((await store.list()).length, 3);

  const key = join(pod.directory, 'public.pem');
  await writeFile(key, pair.publicKey);
  const { result, stdout } = await verify(store.fileOf(FOLDER), [key]);
  assert.equal(result, EXIT.ok, stdout);
  assert.match(stdout, /3 records, chain whole/);

  await store.stop();
  const down = await keep('uid-3');
  assert.equal(down.code, EXIT.failed);
  assert.match((down.report as { message: string }).message, /st ls failed/);
  for (const secret of Object.values(store.credentials)) assert.ok(!JSON.stringify(down.report).includes(secret));
});
