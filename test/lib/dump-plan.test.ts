import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planFiles, toolPath } from '../../src/lib/dump-plan.ts';

test('pg_dumpall makes one file of everything', () => {
  const files = planFiles({ tool: 'pg_dumpall', format: 'gzip' }, ['a', 'b']);
  assert.deepEqual(files, [
    {
      path: 'cluster.sql.gz',
      kind: 'cluster',
      format: 'sql.gz',
      words: ['pg_dumpall', '--no-password', '--lock-wait-timeout=60s'],
      env: {},
      ending: 'cluster',
    },
  ]);
});

test('pg_dump makes one of the roles and one of each database, whose name is in no argument and no path', () => {
  const odd = 'a=b --file=/x\n../..';
  for (const format of ['gzip', 'custom'] as const) {
    const [roles, ...files] = planFiles({ tool: 'pg_dump', format }, ['shop', odd]);
    assert.deepEqual([roles?.kind, roles?.words.includes('--globals-only')], ['roles', true]);
    const extension = format === 'gzip' ? 'sql.gz' : 'dump';
    assert.deepEqual(
      files.map(({ path }) => path),
      [`database-0001.${extension}`, `database-0002.${extension}`],
    );
    assert.deepEqual(
      files.map(({ env }) => env),
      [{ PGDATABASE: 'shop' }, { PGDATABASE: odd }],
    );
    for (const { words } of files) assert.ok(!words.join(' ').includes(odd));
  }
});

test('SQL makes its database itself, unless psql could not connect to a database of that name', () => {
  const files = planFiles({ tool: 'pg_dump', format: 'gzip' }, ['shop', 'two\nlines']).slice(1);
  assert.deepEqual(
    files.map(({ creates, words }) => [creates, words.includes('--create')]),
    [
      [true, true],
      [false, false],
    ],
  );
});

test("the tools of the server's own major come first, those of the image's PATH next", () => {
  assert.match(toolPath(15), /^\/usr\/lib\/postgresql\/15\/bin:"\$PATH":.*\/opt\/bitnami\/postgresql\/bin/);
});
