import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildCopyFiles, buildCopyWords, COPY_CONF, type CopyTerms } from '../../../src/lib/drill/server.ts';
import { listServerOptions } from '../../../src/lib/server-options.ts';

const TERMS: CopyTerms = { pgdata: '/data/pgdata', major: 15, options: [], hasConf: true, maxPreparedTransactions: 0 };

/** As Postgres reads them: the last one of a name holds. */
function settingsOf(terms: CopyTerms): ReadonlyMap<string, string> {
  return new Map(listServerOptions(buildCopyWords(terms)).map(({ name, value }) => [name, value]));
}

test('whatever the workload says, it reaches nobody and nobody reaches it', () => {
  const options = [
    'archive_mode=always',
    'archive_command=cp %p /archive/%f',
    'archive_library=basic_archive',
    'listen_addresses=*',
    'ssl=on',
    'primary_conninfo=host=primary',
    'recovery_end_command=rm -r /',
    'synchronous_standby_names=*',
    'max_logical_replication_workers=8',
    'hba_file=/etc/postgresql/pg_hba.conf',
    'port=5433',
    'logging_collector=on',
  ];
  const settings = settingsOf({ ...TERMS, options });
  const wanted = {
    archive_mode: 'off',
    archive_command: '',
    listen_addresses: '',
    ssl: 'off',
    primary_conninfo: '',
    recovery_end_command: '',
    synchronous_standby_names: '',
    max_logical_replication_workers: '0',
    hba_file: '/walguard-drill/pg_hba.conf',
    port: '5432',
    logging_collector: 'off',
  };
  for (const [name, value] of Object.entries(wanted)) assert.equal(settings.get(name), value, name);
  assert.equal(settings.has('archive_library'), false);
});

test("the workload's other settings hold; a target or a command of its own would win over what the drill wrote", () => {
  const options = [
    'shared_preload_libraries=timescaledb',
    'restore_command=false',
    'recovery_target_time=now',
    'data_directory=/x',
  ];
  const settings = settingsOf({ ...TERMS, options });
  assert.equal(settings.get('shared_preload_libraries'), 'timescaledb');
  for (const name of ['restore_command', 'recovery_target_time']) assert.equal(settings.has(name), false, name);
  assert.equal(settings.get('data_directory'), TERMS.pgdata);
});

test('settings that only some majors know, and what recovery asks for', () => {
  assert.deepEqual(
    [15, 16, 17].map((major) => settingsOf({ ...TERMS, major }).has('reserved_connections')),
    [false, true, true],
  );
  assert.deepEqual(
    [15, 16, 17].map((major) => settingsOf({ ...TERMS, major }).has('event_triggers')),
    [false, false, true],
  );
  assert.equal(settingsOf(TERMS).has('max_prepared_transactions'), false);
  assert.equal(settingsOf({ ...TERMS, maxPreparedTransactions: 7 }).get('max_prepared_transactions'), '7');
});

test('its configuration is that of the workload, wherever that lies', () => {
  const conf = (changes: Partial<CopyTerms>) => buildCopyFiles({ ...TERMS, ...changes })['postgresql.conf'];
  assert.equal(settingsOf(TERMS).get('config_file'), COPY_CONF);
  assert.equal(conf({}), "include '/data/pgdata/postgresql.conf'\n");
  assert.equal(conf({ hasConf: false }), '');
  const options = ['config_file=/a', "config_file=/etc/it's.conf"];
  assert.equal(conf({ options }), "include '/etc/it''s.conf'\n");
  assert.equal(settingsOf({ ...TERMS, options }).get('config_file'), COPY_CONF);
});
