// What the database may ask of the engine's daemon, over a real directory.
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Role } from '../../src/agent/daemon-plan.ts';
import { findObjection } from '../../src/agent/gate-rules.ts';
import type { Request } from '../../src/tools/daemon-protocol.ts';
import { run } from '../../src/tools/exec.ts';
import { makeTempDir } from '../support/temp.ts';

const SEGMENT = '000000010000000000000007';
const NEXT = '000000010000000000000008';
const NAMES = [SEGMENT, `${SEGMENT}.partial`, `${SEGMENT}.00000028.backup`, '00000002.history'];
const NOT_NAMES = [
  '',
  '.',
  '..',
  `./${SEGMENT}`,
  `pg_wal/${SEGMENT}`,
  `../pg_wal/${SEGMENT}`,
  `/${SEGMENT}`,
  '../../sec/AWS_SECRET_ACCESS_KEY',
  '/walguard-storage/encryption-key',
  '/proc/self/environ',
  'RECOVERYXLOG',
  'archive_status',
  SEGMENT.slice(1),
  `${SEGMENT}0`,
  '0000000100000000000000ab',
  `${SEGMENT}\n`,
  `\n${SEGMENT}`,
  `${SEGMENT}\0`,
  `${SEGMENT}.lz4`,
  `${SEGMENT}.partial.backup`,
  `${SEGMENT}.28.backup`,
  '2.history',
  '00000002.history/..',
];

interface Scene {
  readonly pgdata: string;
  readonly secret: string;
  readonly push: (name: string) => Promise<string | undefined>;
  readonly fetch: (destination: string, name?: string) => Promise<string | undefined>;
}

async function setUp(context: TestContext): Promise<Scene> {
  const directory = await makeTempDir(context);
  const pgdata = join(directory, 'data');
  const secret = join(directory, 'secret');
  mkdirSync(join(pgdata, 'pg_wal', 'archive_status'), { recursive: true });
  writeFileSync(secret, 'key');
  for (const name of NAMES) writeFileSync(join(pgdata, 'pg_wal', name), 'WAL');
  return {
    pgdata,
    secret,
    push: (name) => findObjection('archive', pgdata, { kind: 'push', name }),
    fetch: (destination, name = SEGMENT) => findObjection('recovery', pgdata, { kind: 'fetch', name, destination }),
  };
}

const CHECK: Request = { kind: 'check' };
const PUSH: Request = { kind: 'push', name: SEGMENT };
const FETCH: Request = { kind: 'fetch', name: SEGMENT, destination: 'pg_wal/RECOVERYXLOG' };

for (const [role, request, isServed] of [
  ['archive', CHECK, true],
  ['archive', PUSH, true],
  ['archive', FETCH, false],
  ['recovery', CHECK, true],
  ['recovery', PUSH, false],
  ['recovery', FETCH, true],
] as const satisfies readonly (readonly [Role, Request, boolean])[]) {
  test(`${role}: a ${request.kind} is ${isServed ? 'served' : 'not served'}`, async (context) => {
    const { pgdata } = await setUp(context);
    const objection = await findObjection(role, pgdata, request);
    assert.equal(objection, isServed ? undefined : `a ${request.kind} is not served here`);
  });
}

test('the names of WAL files may be pushed and fetched, and no others', async (context) => {
  const { push, fetch } = await setUp(context);
  for (const name of NAMES) {
    assert.equal(await push(name), undefined, name);
    assert.equal(await fetch('pg_wal/RECOVERYXLOG', name), undefined, name);
  }
  for (const name of NOT_NAMES) {
    assert.equal(await push(name), `${JSON.stringify(name)} is not the name of a WAL file`);
    assert.equal(await fetch('pg_wal/RECOVERYXLOG', name), `${JSON.stringify(name)} is not the name of a WAL file`);
  }
});

test('a long name is not repeated in full', async (context) => {
  const { push } = await setUp(context);
  assert.ok(((await push('x'.repeat(8000))) ?? '').length < 200);
});

test('what is pushed is a file; a missing one is for the engine to answer', async (context) => {
  const { pgdata, secret, push } = await setUp(context);
  const path = join(pgdata, 'pg_wal', SEGMENT);
  const replaceBy = (make: () => void) => {
    rmSync(path, { recursive: true, force: true });
    make();
    return push(SEGMENT);
  };
  const refused = `pg_wal/${SEGMENT} is not a regular file`;
  assert.equal(await replaceBy(() => undefined), undefined);
  assert.equal(await replaceBy(() => symlinkSync(secret, path)), refused);
  assert.equal(await replaceBy(() => symlinkSync(NEXT, path)), refused, 'wherever it leads');
  assert.equal(await replaceBy(() => symlinkSync('nowhere', path)), refused);
  assert.equal(await replaceBy(() => mkdirSync(path)), refused);
  const { code } = await run('mkfifo', [`${path}.partial.new`], { env: process.env, timeoutMs: 5000 });
  assert.equal(code, 0);
  assert.equal(await replaceBy(() => renameSync(`${path}.partial.new`, path)), refused);
  assert.equal(await replaceBy(() => writeFileSync(path, 'WAL')), undefined);
});

test('the engine also stores the segments that follow: none of them may be a link', async (context) => {
  const { pgdata, secret, push } = await setUp(context);
  symlinkSync(secret, join(pgdata, 'pg_wal', NEXT));
  assert.equal(await push(SEGMENT), `pg_wal/${NEXT} is not a regular file; remove it`);
  assert.equal(await push('00000002.history'), `pg_wal/${NEXT} is not a regular file; remove it`);
});

test('pg_wal may be a link itself, as initdb makes one', async (context) => {
  const { pgdata, secret, push, fetch } = await setUp(context);
  renameSync(join(pgdata, 'pg_wal'), join(pgdata, '../wal'));
  symlinkSync('../wal', join(pgdata, 'pg_wal'));
  assert.equal(await push(SEGMENT), undefined);
  assert.equal(await fetch('pg_wal/RECOVERYXLOG'), undefined);
  symlinkSync(secret, join(pgdata, '../wal', NEXT));
  assert.equal(await push(NEXT), `pg_wal/${NEXT} is not a regular file`);
});

test('a data directory without pg_wal is not judged', async (context) => {
  const { pgdata, push } = await setUp(context);
  rmSync(join(pgdata, 'pg_wal'), { recursive: true });
  await assert.rejects(push(SEGMENT), /ENOENT/);
});

test('a fetch goes to where Postgres and pg_rewind want it, and nowhere else', async (context) => {
  const { pgdata, fetch } = await setUp(context);
  const names = ['RECOVERYXLOG', 'RECOVERYHISTORY', ...NAMES];
  for (const destination of names.flatMap((name) => [`pg_wal/${name}`, join(pgdata, 'pg_wal', name)])) {
    assert.equal(await fetch(destination), undefined, destination);
  }
  for (const destination of [
    '',
    'RECOVERYXLOG',
    'pg_wal',
    'pg_wal/',
    'pg_wal/..',
    'pg_wal/x',
    'pg_wal/../RECOVERYXLOG',
    'pg_wal/./RECOVERYXLOG',
    'pg_wal//RECOVERYXLOG',
    './pg_wal/RECOVERYXLOG',
    'pg_wal/archive_status/RECOVERYXLOG',
    'pg_wal/RECOVERYXLOG\n',
    '/pg_wal/RECOVERYXLOG',
    '/walguard/bin/archive-wal',
    `/walguard/${SEGMENT}`,
    `${pgdata}/../pg_wal/RECOVERYXLOG`,
    `${pgdata}/pg_wal/../PG_VERSION`,
    'x'.repeat(5000),
  ]) {
    assert.match((await fetch(destination)) ?? '', /is not a WAL file's place in pg_wal$/, destination);
  }
});

test('a fetch does not go through a link, and not into a directory', async (context) => {
  const { pgdata, secret, fetch } = await setUp(context);
  symlinkSync(secret, join(pgdata, 'pg_wal', 'RECOVERYXLOG'));
  mkdirSync(join(pgdata, 'pg_wal', 'RECOVERYHISTORY'));
  for (const name of ['RECOVERYXLOG', 'RECOVERYHISTORY']) {
    assert.equal(await fetch(`pg_wal/${name}`), `pg_wal/${name} is not a regular file`);
  }
});
