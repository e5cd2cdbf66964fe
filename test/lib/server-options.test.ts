import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listServerOptions } from '../../src/lib/server-options.ts';

type Setting = readonly [name: string, value: string];

const ROWS: readonly (readonly [name: string, words: readonly string[], settings: readonly Setting[]])[] = [
  ['no words, no options', [], []],
  ['-c and its setting are two words', ['-c', 'work_mem=8MB'], [['work_mem', '8MB']]],
  ['-c and its setting are one word', ['-cwork_mem=8MB'], [['work_mem', '8MB']]],
  ['-c and its setting are one word with a blank', ['-c work_mem=8MB'], [['work_mem', '8MB']]],
  ['--name=value', ['--work_mem=8MB'], [['work_mem', '8MB']]],
  ['dashes are underscores', ['--archive-mode=on'], [['archive_mode', 'on']]],
  ['dashes are underscores after -c too', ['-c', 'archive-mode=on'], [['archive_mode', 'on']]],
  ['names have no case', ['-c', 'Archive_MODE=On'], [['archive_mode', 'On']]],
  ["an extension's name has a dot", ['-c', 'pg_stat_statements.track=all'], [['pg_stat_statements.track', 'all']]],
  [
    'a value has blanks, quotes, equals signs and lines',
    ['-c', 'archive_command=env A=1 cp "%p"\n/x'],
    [['archive_command', 'env A=1 cp "%p"\n/x']],
  ],
  ['a value is empty', ['-c', 'archive_command='], [['archive_command', '']]],
  ['the configuration file', ['--config-file=/etc/pg.conf'], [['config_file', '/etc/pg.conf']]],
  ['-p and the port are two words', ['-p', '5433'], [['port', '5433']]],
  ['-p and the port are one word', ['-p5433'], [['port', '5433']]],
  ['-D is the data directory', ['-D', '/data'], [['data_directory', '/data']]],
  ['-D in one word', ['-D/data'], [['data_directory', '/data']]],
  ['-h is where it listens', ['-h', '*'], [['listen_addresses', '*']]],
  ['the program before the options', ['postgres', '-c', 'work_mem=8MB'], [['work_mem', '8MB']]],
  [
    'options keep their order, doubles too',
    ['-c', 'port=1', '--port=2', '-p', '3', '-cport=4'],
    [
      ['port', '1'],
      ['port', '2'],
      ['port', '3'],
      ['port', '4'],
    ],
  ],
  ['other letters are passed over', ['-N', '200', '-F', '-c', 'work_mem=8MB'], [['work_mem', '8MB']]],
  ['a flag without a value is none', ['--single', '--help'], []],
  ['-c at the end is none', ['postgres', '-c'], []],
  ['-c before a word that is no setting is none', ['-c', 'exec postgres'], []],
  ['-c takes the word after it, whatever that is', ['-c', '-p', '5433'], []],
  ['a setting without -c is none', ['archive_mode=on'], []],
  ['a blank before the equals sign is none', ['-c', 'archive_mode = on'], []],
];

for (const [name, words, settings] of ROWS) {
  test(`server options: ${name}`, () => {
    const found = listServerOptions(words).map((option) => [option.name, option.value]);
    assert.deepEqual(found, settings);
  });
}

test('words that are no strings are read as text', () => {
  const words = ['-p', 5433, null, true, '-c', 'work_mem=8MB'] as unknown as string[];
  assert.deepEqual(
    listServerOptions(words).map(({ name, value }) => [name, value]),
    [
      ['port', '5433'],
      ['work_mem', '8MB'],
    ],
  );
});

test('an option knows the word that names it', () => {
  const words = ['postgres', '-c', 'a=1', '-cb=2', '--c=3', 'word', '-D/data'];
  assert.deepEqual(
    listServerOptions(words).map(({ name, index }) => [name, index]),
    [
      ['a', 2],
      ['b', 3],
      ['c', 4],
      ['data_directory', 6],
    ],
  );
});

test('the words are left as they are', () => {
  const words = Object.freeze(['-c', 'a=1', '-p', '2']);
  assert.equal(listServerOptions(words).length, 2);
});
