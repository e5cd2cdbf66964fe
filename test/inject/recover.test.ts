// Recovery before the image's own start: where it is added, and the script, with stand-ins for Postgres's programs.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { StatefulSet } from '../../src/api/kubernetes.ts';
import { RECOVER, RESTORED_BY_ANNOTATION } from '../../src/api/names.ts';
import { buildRecovery, RECOVER_SCRIPT } from '../../src/inject/recover.ts';
import { writeProgram } from '../support/engines.ts';
import { bitnamiShape } from '../support/flavour-shapes.ts';
import { buildSubject } from '../support/subjects.ts';
import { makeTempDir } from '../support/temp.ts';
import { buildWorkload } from '../support/workloads.ts';

function recoveryOf(workload: StatefulSet, isRestored: boolean) {
  if (isRestored) workload.metadata.annotations = { ...workload.metadata.annotations, [RESTORED_BY_ANNOTATION]: 'uid' };
  return buildRecovery(workload, buildSubject(workload).server);
}

/** | image undoes a recovery | restored | container | */
for (const [name, workload, isRestored, count] of [
  ['bitnami, restored', bitnamiShape(), true, 1],
  ['bitnami, not restored', bitnamiShape(), false, 0],
  ['docker-library, restored', buildWorkload(), true, 0],
] as const) {
  test(`${name}: ${count} containers that recover`, () => {
    const { containers, volumes } = recoveryOf(workload, isRestored);
    assert.deepEqual([containers.length, volumes.length], [count, count]);
  });
}

test("it has the database's image, mounts and variables, and not its start; it is Postgres's own user", () => {
  const workload = bitnamiShape();
  const database = workload.spec.template.spec.containers[0];
  const [container] = recoveryOf(workload, true).containers;
  assert.equal(container?.image, database?.image);
  assert.deepEqual(container?.securityContext, { ...database?.securityContext, runAsUser: 1001, runAsGroup: 0 });
  assert.deepEqual(container?.volumeMounts, [
    ...(database?.volumeMounts ?? []),
    { name: 'walguard', mountPath: '/walguard', readOnly: true },
    { name: RECOVER, mountPath: '/walguard-recover' },
  ]);
  assert.deepEqual(container?.env?.at(-1), { name: 'PGDATA', value: '/bitnami/postgresql/data' });
  for (const field of ['args', 'ports', 'readinessProbe', 'restartPolicy']) assert.equal(container?.[field], undefined);
});

test('where a source may set PGDATA, the known directory is only what holds otherwise', () => {
  const workload = bitnamiShape();
  for (const container of workload.spec.template.spec.containers) {
    container.envFrom = [{ secretRef: { name: 'orders' } }];
    container.env = (container.env ?? []).filter(({ name }) => name !== 'PGDATA');
  }
  const [container] = recoveryOf(workload, true).containers;
  assert.deepEqual(container?.env?.at(-1), { name: 'WALGUARD_PGDATA', value: '/bitnami/postgresql/data' });
  assert.equal(container?.envFrom?.length, 1);
});

// The script.

interface Run {
  readonly code: number | null;
  readonly stderr: string;
  readonly data: string;
  /** What postgres was started with; undefined where it was not. */
  readonly started: string | undefined;
}

const CONTROL = `echo "Database cluster state:               $(cat "$STATE")"
echo 'max_connections setting:              150'
echo 'max_worker_processes setting:         9'
echo 'max_wal_senders setting:              11'
echo 'max_prepared_xacts setting:           7'
echo 'max_locks_per_xact setting:           65'`;

/** @param postgres what the stand-in does once it is started */
async function recover(context: TestContext, files: readonly string[], postgres: string): Promise<Run> {
  const directory = await makeTempDir(context);
  const [bin, data, own] = ['bin', 'data', 'own'].map((name) => join(directory, name)) as [string, string, string];
  for (const each of [bin, data, own]) mkdirSync(each);
  for (const name of files) writeFileSync(join(data, name), '');
  // A base backup of a running server says so until recovery begins.
  writeFileSync(join(directory, 'state'), 'in production');
  await writeProgram(join(bin, 'pg_controldata'), CONTROL);
  await writeProgram(join(bin, 'postgres'), `printf '%s\\n' "$@" > "$LOG"\n${postgres}`);
  const env = {
    PATH: `${bin}:${process.env.PATH}`,
    WALGUARD_PGDATA: data,
    STATE: join(directory, 'state'),
    LOG: join(directory, 'started'),
  };
  const script = RECOVER_SCRIPT.replaceAll('/walguard-recover', own).replace('sleep 1', 'sleep 0.05');
  const { status, stderr } = spawnSync('/bin/sh', ['-c', script], { env, encoding: 'utf8', timeout: 20_000 });
  const started = existsSync(env.LOG) ? readFileSync(env.LOG, 'utf8') : undefined;
  return { code: status, stderr, data, started };
}

/**
 * Recovers for a moment, as Postgres does it: state, signal file, state; then serves until it is stopped. Not in sh, which
 * cannot catch an INT that was ignored when it began, as it is in the background of a script.
 */
const PROMOTES = `exec '${process.execPath}' -e '
const { appendFileSync, rmSync, writeFileSync } = require("node:fs");
const { LOG, STATE } = process.env;
process.on("SIGINT", () => { appendFileSync(LOG, "stopped\\n"); process.exit(0); });
writeFileSync(STATE, "in archive recovery");
setTimeout(() => rmSync(process.argv[2] + "/recovery.signal"), 100);
setTimeout(() => writeFileSync(STATE, "in production"), 200);
setInterval(() => undefined, 1000);
' -- "$@"`;

test('where nothing is to be recovered, Postgres is not started', async (context) => {
  const { code, started } = await recover(context, ['PG_VERSION'], 'exit 9');
  assert.deepEqual([code, started], [0, undefined]);
});

test('it waits for the promotion, stops Postgres, and is done', async (context) => {
  const { code, started, data } = await recover(context, ['recovery.signal', 'postmaster.pid'], PROMOTES);
  assert.equal(code, 0);
  assert.match(started ?? '', /stopped\n$/);
  assert.equal(existsSync(join(data, 'recovery.signal')), false);
  assert.equal(existsSync(join(data, 'postmaster.pid')), false);
});

test("Postgres lets nobody in, archives nothing, and has the source's limits", async (context) => {
  const { started = '' } = await recover(context, ['recovery.signal'], PROMOTES);
  const options = started.split('\n');
  for (const option of [
    'listen_addresses=',
    'archive_command=',
    'max_connections=150',
    'max_worker_processes=9',
    'max_wal_senders=11',
    'max_prepared_transactions=7',
    'max_locks_per_transaction=65',
  ]) {
    assert.ok(options.includes(option), option);
  }
});

test('a Postgres that ends before its promotion is a failure, with its code; the signal file stays', async (context) => {
  const { code, stderr, data } = await recover(context, ['recovery.signal'], 'exit 3');
  assert.equal(code, 1);
  assert.match(stderr, /Postgres ended with code 3 before it was promoted/);
  assert.ok(existsSync(join(data, 'recovery.signal')));
});
