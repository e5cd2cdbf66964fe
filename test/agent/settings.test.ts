// Which archive settings are missing, and what is said about it, in each channel.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  explainMissing,
  findMissing,
  type RestOutcome,
  readWantedSettings,
  type WantedSettings,
} from '../../src/agent/settings.ts';
import type { MissingSetting } from '../../src/api/protected-database.ts';

const WANTED: WantedSettings = { channel: 'arguments', isTakeOver: false, isPatroni: false, timeoutSeconds: 60 };

/** | archive_mode | command is ours | timeout | missing | */
const ROWS: readonly (readonly [mode: string, isOurs: boolean | undefined, timeout: number, missing: string])[] = [
  ['off', undefined, 60, 'archive_mode'],
  ['off', undefined, 0, 'archive_mode archive_timeout'],
  ['on', true, 60, ''],
  ['always', true, 60, ''],
  ['on', true, 1, ''],
  ['on', true, 0, 'archive_timeout'],
  ['on', true, 61, 'archive_timeout'],
  ['on', false, 60, 'archive_command'],
  ['always', false, 0, 'archive_command archive_timeout'],
];

for (const [archiveMode, isCommandOurs, timeoutSeconds, expected] of ROWS) {
  test(`archive_mode ${archiveMode}, command ${isCommandOurs ? 'ours' : 'not ours'}, timeout ${timeoutSeconds}: lacks ${expected || 'nothing'}`, () => {
    const settings = {
      timeoutSeconds,
      isRestartPending: false,
      ...(isCommandOurs === undefined ? {} : { isCommandOurs }),
    };
    assert.equal(findMissing({ archiver: { archiveMode }, settings }, WANTED).join(' '), expected);
  });
}

const ALL: readonly MissingSetting[] = ['archive_mode', 'archive_command', 'archive_timeout'];
const COMMAND: readonly MissingSetting[] = ['archive_command'];
const IN_PLACE: RestOutcome = { kind: 'in-place', scope: 'shop', member: 'shop-1' };

interface Row {
  readonly name: string;
  readonly wanted: Partial<WantedSettings>;
  readonly missing?: readonly MissingSetting[];
  readonly isRestartPending?: boolean;
  readonly rest?: RestOutcome;
  readonly says: string;
}

const REMEDIES: readonly Row[] = [
  { name: 'arguments', wanted: {}, says: 'restart the pod to take up the injected settings' },
  {
    name: 'external',
    wanted: { channel: 'external' },
    says: "pass -c archive_mode=on -c archive_command='/walguard/bin/archive-wal %f' -c archive_timeout=60 to Postgres; walguard.dev/archive-settings: external leaves that to you",
  },
  {
    name: 'external, only the command is missing',
    wanted: { channel: 'external' },
    missing: COMMAND,
    says: "pass -c archive_command='/walguard/bin/archive-wal %f' to Postgres; walguard.dev/archive-settings: external leaves that to you",
  },
  {
    name: 'external, under Patroni',
    wanted: { channel: 'external', isPatroni: true },
    missing: COMMAND,
    says: 'set in Patroni\'s configuration: postgresql.parameters {"archive_command":"test ! -d /walguard || /walguard/bin/archive-wal %f"}',
  },
  {
    name: 'external, under Patroni, which waits for a restart',
    wanted: { channel: 'external', isPatroni: true },
    isRestartPending: true,
    says: 'restart Postgres to take it up: patronictl restart <scope> <member>',
  },
  {
    name: 'a variable',
    wanted: { channel: 'variable', isPatroni: true },
    says: "restart the pod to take up the injected settings; if that does not help, Patroni's local configuration or ALTER SYSTEM sets them otherwise, and wins: set them there",
  },
  {
    name: 'the REST API, not tried yet',
    wanted: { channel: 'rest', isPatroni: true },
    says: "walguard is about to set them through Patroni's REST API",
  },
  {
    name: 'the REST API, which cannot be used',
    wanted: { channel: 'rest', isPatroni: true },
    missing: ['archive_timeout'],
    rest: { kind: 'failed', why: 'GET http://127.0.0.1:8008/config: refused' },
    says: 'walguard cannot set them through Patroni\'s REST API: GET http://127.0.0.1:8008/config: refused; or set them yourself (patronictl edit-config): postgresql.parameters {"archive_timeout":60}',
  },
  {
    name: 'the REST API, and another archiver',
    wanted: { channel: 'rest', isPatroni: true },
    rest: { kind: 'foreign', parameter: 'archive_command', scope: 'shop' },
    says: "Patroni's configuration has an archive_command that is not walguard's, which is left alone; to let walguard take its place, add the annotation walguard.dev/archive-settings: take-over",
  },
  {
    name: 'the REST API, set, a restart is pending',
    wanted: { channel: 'rest', isPatroni: true },
    missing: ['archive_mode'],
    isRestartPending: true,
    rest: IN_PLACE,
    says: 'restart Postgres to take it up: patronictl restart shop shop-1',
  },
  {
    name: 'the REST API, set, and not in force yet',
    wanted: { channel: 'rest', isPatroni: true },
    missing: COMMAND,
    rest: IN_PLACE,
    says: "they are in Patroni's configuration, which reaches Postgres within its loop_wait; if that does not help, Patroni's local configuration or ALTER SYSTEM sets them otherwise, and wins: set them there",
  },
];

for (const { name, wanted, missing = ALL, isRestartPending = false, rest, says } of REMEDIES) {
  test(`what to do, by ${name}`, () => {
    assert.equal(explainMissing(missing, { ...WANTED, ...wanted }, isRestartPending, rest), says);
  });
}

test('what is wanted is as inject tells it; what it does not tell is as an older one meant it', () => {
  assert.deepEqual(readWantedSettings({}), WANTED);
  const env = {
    WALGUARD_SETTINGS_CHANNEL: 'rest',
    WALGUARD_SETTINGS_MODE: 'take-over',
    WALGUARD_FLAVOUR: 'patroni',
    WALGUARD_ARCHIVE_TIMEOUT: '30',
  };
  assert.deepEqual(readWantedSettings(env), { channel: 'rest', isTakeOver: true, isPatroni: true, timeoutSeconds: 30 });
});
