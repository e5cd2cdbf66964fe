import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildAccess, collectErrors, isHarmless, planCluster, planLoadOf } from '../../src/lib/load-dump.ts';

const database = (name: string, more: object = {}) => ({
  name,
  encoding: 'UTF8',
  collate: 'de_DE',
  ctype: 'en_US',
  ...more,
});

test('the cluster gets the locale that the database postgres had, whatever provides it', () => {
  const plan = (...databases: object[]) => planCluster({ databases } as never, 'app').slice(4);
  const libc = ['--encoding=UTF8', '--locale=en_US', '--lc-collate=de_DE', '--lc-ctype=en_US'];
  assert.deepEqual(plan(database('other', { collate: 'x' }), database('postgres')), libc);
  assert.deepEqual(plan(database('postgres', { localeProvider: 'libc' })), libc);
  assert.deepEqual(plan(database('postgres', { localeProvider: 'icu', locale: 'de' })), [
    ...libc,
    '--locale-provider=icu',
    '--icu-locale=de',
  ]);
  assert.deepEqual(plan(database('postgres', { localeProvider: 'builtin', locale: 'C.UTF-8' })).slice(-2), [
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  ]);
  assert.deepEqual(plan(), ['--encoding=UTF8', '--locale=C', '--lc-collate=C', '--lc-ctype=C']);
  assert.deepEqual(planCluster({ databases: [] }, 'app').slice(0, 2), ['-U', 'app']);
});

test('each file of a dump goes back by the tool that it is for, into the database that it asks for', () => {
  const place = { host: '/socket', port: 5432, user: 'app' };
  const plan = (file: object) =>
    planLoadOf({ path: 'x', bytes: 1, sha256: '', tables: 0, rows: 0, ...file } as never, place);
  const cluster = plan({ kind: 'cluster', format: 'sql.gz' });
  assert.deepEqual([cluster.needsDatabase, cluster.words.includes("dbname='template1'")], [false, true]);
  const made = plan({ kind: 'database', format: 'sql.gz', database: "it's", creates: true });
  assert.deepEqual([made.needsDatabase, made.words.includes("dbname='template1'")], [false, true]);
  const bare = plan({ kind: 'database', format: 'sql.gz', database: "it's", creates: false });
  assert.deepEqual([bare.needsDatabase, bare.words.includes("dbname='it\\'s'")], [true, true]);
  const custom = plan({ kind: 'database', format: 'custom', database: 'shop' });
  assert.equal(custom.needsDatabase, false, 'its owner, rights and settings come with it');
  assert.deepEqual(custom.words.slice(0, 3), ['pg_restore', '--exit-on-error', '-h']);
  assert.deepEqual(custom.words.slice(-3), ['--create', '-d', "dbname='template1'"]);
  const there = plan({ kind: 'database', format: 'custom', database: 'postgres' });
  assert.deepEqual([there.words.includes('--create'), there.words.at(-1)], [false, "dbname='postgres'"]);
});

test('what every cluster has may be there already, and nothing else', () => {
  assert.equal(isHarmless('psql:<stdin>:14: ERROR:  role "app" already exists', 'app'), true);
  assert.equal(isHarmless('ERROR:  database "postgres" already exists', 'app'), true);
  assert.equal(isHarmless('ERROR:  role "other" already exists', 'app'), false);
  assert.equal(isHarmless('ERROR:  role "app" does not exist', 'app'), false);
});

test('of what psql says the first errors are told, wherever its output is cut', () => {
  const said = [
    'psql:<stdin>:1: ERROR:  role "app" already exists',
    'NOTICE: x',
    ...[1, 2, 3, 4, 5].map((n) => `ERROR:  no ${n}`),
  ];
  const read = (pieces: readonly string[]) => {
    const errors = collectErrors('app');
    pieces.forEach(errors.read);
    return errors.finish();
  };
  const wanted = 'ERROR:  no 1 | ERROR:  no 2 | ERROR:  no 3; and 2 more errors';
  const text = said.join('\n');
  assert.equal(read([text]), wanted);
  assert.equal(read([...text]), wanted);
  assert.equal(read([`${text}\n`]), wanted);
  assert.equal(read([said.slice(0, 2).join('\n')]), undefined);
  assert.equal(read(['ERROR:  ', 'x'.repeat(1_000_000)])?.length, 300);
});

test('passwords that are kept as MD5 still let their roles in', () => {
  assert.match(buildAccess(true), /^host all all all md5$/m);
  assert.match(buildAccess(false), /^host all all all scram-sha-256$/m);
});
