import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container } from '../../src/api/kubernetes.ts';
import { baseName, readStart, type Start, wordsOf } from '../../src/flavour/command.ts';

type Words = Pick<Container, 'command' | 'args'>;

const IMAGE: Start = { kind: 'image' };
const SERVER: Start = { kind: 'server' };
const SHELL_OF_SERVER: Start = { kind: 'shell', startsServer: true };
const SHELL_OF_CLIENT: Start = { kind: 'shell', startsServer: false };
const other = (program: string): Start => ({ kind: 'other', program });

const ROWS: readonly (readonly [name: string, words: Words, start: Start])[] = [
  ['nothing said', {}, IMAGE],
  ['empty lists', { command: [], args: [] }, IMAGE],
  ['options only', { args: ['-c', 'work_mem=8MB'] }, IMAGE],
  ['postgres as an argument', { args: ['postgres', '-c', 'work_mem=8MB'] }, SERVER],
  ['postgres as the command', { command: ['postgres'] }, SERVER],
  ['postgres by its path', { command: ['/usr/lib/postgresql/15/bin/postgres', '-D', '/data'] }, SERVER],
  ['postmaster', { command: ['postmaster'] }, SERVER],
  ['the entrypoint alone', { command: ['docker-entrypoint.sh'] }, SERVER],
  ['the entrypoint by its path', { command: ['/usr/local/bin/docker-entrypoint.sh', 'postgres'] }, SERVER],
  ['the entrypoint and options', { command: ['docker-entrypoint.sh'], args: ['-c', 'work_mem=8MB'] }, SERVER],
  ['the entrypoint and another program', { command: ['docker-entrypoint.sh', 'psql'] }, other('psql')],
  ['Patroni', { command: ['patroni', '/etc/patroni.yaml'] }, SERVER],
  ["Stolon's keeper", { command: ['/usr/local/bin/stolon-keeper', '--uid', 'a'] }, SERVER],
  ['run-postgresql', { args: ['run-postgresql'] }, SERVER],
  ['psql', { command: ['psql', '-U', 'postgres', 'postgres'] }, other('psql')],
  ['pg_dump as an argument', { args: ['pg_dump', '-h', 'orders'] }, other('pg_dump')],
  ['sleep', { command: ['sleep', 'infinity'] }, other('sleep')],
  ['tail', { command: ['tail', '-f', '/dev/null'] }, other('tail')],
  ['a script of the user', { command: ['/scripts/start.sh'] }, other('start.sh')],
  [
    'the script that only prepares the directory',
    { command: ['docker-ensure-initdb.sh'] },
    other('docker-ensure-initdb.sh'),
  ],
  ['a shell with nothing', { command: ['bash'] }, SHELL_OF_CLIENT],
  ['a shell that sleeps', { command: ['sh', '-c', 'sleep infinity'] }, SHELL_OF_CLIENT],
  ['tini and the entrypoint', { command: ['tini', '--', 'docker-entrypoint.sh', 'postgres'] }, SHELL_OF_SERVER],
  ['dumb-init and postgres', { command: ['/usr/bin/dumb-init', 'postgres', '-D', '/data'] }, SHELL_OF_SERVER],
  ['env and postgres', { command: ['env', '-i', 'PATH=/usr/bin', 'postgres', '-D', '/data'] }, SHELL_OF_SERVER],
  ['env and the entrypoint', { command: ['/usr/bin/env', 'A=1', 'docker-entrypoint.sh', 'postgres'] }, SHELL_OF_SERVER],
  ['gosu and postgres', { command: ['gosu', 'postgres', 'postgres', '-D', '/data'] }, SHELL_OF_SERVER],
  ['su-exec and postgres', { command: ['su-exec', 'postgres', 'postgres'] }, SHELL_OF_SERVER],
  ['gosu and psql', { command: ['gosu', 'postgres', 'psql', '-d', 'postgres'] }, SHELL_OF_CLIENT],
  ['env and psql of the user postgres', { command: ['env', 'A=1', 'psql', '-U', 'postgres'] }, SHELL_OF_CLIENT],
  ['tini and psql of the user postgres', { command: ['tini', '--', 'psql', '-U', 'postgres'] }, SHELL_OF_CLIENT],
  ['a script with the argument postgres', { command: ['sh', '/scripts/backup.sh', 'postgres'] }, SHELL_OF_CLIENT],
  [
    'the entrypoint and a shell that starts postgres',
    { command: ['docker-entrypoint.sh', 'bash', '-c', 'exec postgres'] },
    SHELL_OF_SERVER,
  ],
];

for (const [name, words, start] of ROWS) {
  test(`start: ${name}`, () => assert.deepEqual(readStart({ name: 'database', ...words }), start));
}

/** Scripts after `sh -c`, and whether they start a server. */
const SCRIPTS: readonly (readonly [script: string, startsServer: boolean])[] = [
  ['exec postgres', true],
  ['postgres -D /data', true],
  ['postgres; sleep 1', true],
  ['exec docker-entrypoint.sh postgres -c work_mem=8MB', true],
  ['/usr/local/bin/docker-entrypoint.sh -c work_mem=8MB', true],
  ['cp /config/pg_hba.conf /tmp/ && exec docker-entrypoint.sh postgres', true],
  ['chown -R postgres:postgres /data; exec gosu postgres postgres -D /data', true],
  ['exec su-exec postgres postgres', true],
  ['set -e\nmkdir -p /data\nexec docker-entrypoint.sh postgres\n', true],
  ['if [ -f /data/PG_VERSION ]; then postgres; fi', true],
  ['if [ -f /data/PG_VERSION ]; then postgres -D /data; fi', true],
  ['(sleep 5; psql -f /init.sql) & docker-entrypoint.sh postgres', true],
  ['docker-entrypoint.sh postgres & wait', true],
  ['pg_ctl -D /data start && tail -f /dev/null', true],
  ['/usr/lib/postgresql/15/bin/pg_ctl start', true],
  ['exec patroni /etc/patroni.yaml', true],
  ['exec gosu stolon stolon-keeper --data-dir /stolon-data', true],
  ['PGDATA=/data postgres -c work_mem=8MB', true],
  ["exec su postgres -c 'postgres -D /data'", true],
  ['su - postgres -c "/usr/lib/postgresql/15/bin/postgres -D /data"', true],
  ['exec bash docker-entrypoint.sh postgres', true],
  ['exec gosu stolon stolon-proxy', false],
  ['exec gosu stolon stolon-sentinel', false],
  ['psql -U postgres', false],
  ['psql -U postgres postgres', false],
  ['pg_dump -h orders -U postgres postgres | gzip > /backup/orders.gz', false],
  ['while true; do pg_dumpall -U postgres > /backup/all; sleep 3600; done', false],
  ['while true; do psql -h orders -d postgres -c "select 1"; sleep 5; done', false],
  ['until pg_isready -h postgres; do sleep 1; done', false],
  ['for base in orders postgres ; do pg_dump $base; done', false],
  ['pg_basebackup -h orders -D /backup -U postgres', false],
  ['psql postgresql://orders:secret@db:5432/postgres', false],
  ['psql postgresql://orders:$' + '{PASSWORD}@db:5432/postgres -c "select 1"', false],
  ['pg_dump "$(cat /run/url)" > /backup/postgres', false],
  ['pg_dump -h orders \\\n  -U postgres \\\n  postgres > /backup/all', false],
  ['patronictl -c /etc/patroni.yml list', false],
  ['curl http://patroni:8008/leader', false],
  ['rm -rf /var/lib/postgresql/postgres', false],
];

for (const [script, startsServer] of SCRIPTS) {
  test(`script ${JSON.stringify(script)} ${startsServer ? 'starts a server' : 'starts none'}`, () => {
    for (const words of [{ command: ['bash', '-c', script] }, { command: ['/bin/sh', '-c'], args: [script] }]) {
      assert.deepEqual(readStart({ name: 'a', ...words }), { kind: 'shell', startsServer });
    }
    assert.deepEqual(readStart({ name: 'a', args: ['bash', '-c', script] }), { kind: 'shell', startsServer });
  });
}

test('a long script costs no more than it should, whatever is in it', () => {
  for (const piece of [';/', 'exec ', 'su ', 'exec pg_ctl ', '\n']) {
    const cost = (length: number) => {
      const command = ['sh', '-c', piece.repeat(length / piece.length)];
      const start = performance.now();
      assert.deepEqual(readStart({ name: 'a', command }), { kind: 'shell', startsServer: false });
      return performance.now() - start;
    };
    const short = cost(30_000);
    assert.ok(cost(1_500_000) < 10 * short + 200, JSON.stringify(piece));
  }
});

test('the words of a container are its command, then its arguments, as text', () => {
  const container = { name: 'a', command: ['sleep'], args: [5] } as unknown as Container;
  assert.deepEqual(wordsOf(container), ['sleep', '5']);
  assert.deepEqual(wordsOf({ name: 'a', command: null, args: null } as unknown as Container), []);
});

test('a program is known by the last part of its path', () => {
  assert.equal(baseName('/usr/bin/psql'), 'psql');
  assert.equal(baseName('psql'), 'psql');
  assert.equal(baseName(''), '');
});
