// What is changed in Patroni's dynamic configuration: each row of the table, and how values may be written there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PatroniPlan, planPatroni } from '../../src/agent/patroni-plan.ts';
import { buildPatroniParameters } from '../../src/inject/archive-settings.ts';

const ALL = buildPatroniParameters(60);
const OURS = { ...ALL };
const { archive_command: COMMAND } = ALL;
const IN_PLACE: PatroniPlan = { kind: 'in-place' };

interface Row {
  readonly name: string;
  readonly there?: Record<string, unknown>;
  readonly isTakeOver?: boolean;
  readonly plan: PatroniPlan;
}

const patch = (parameters: Record<string, string | number>): PatroniPlan => ({ kind: 'patch', parameters });

const ROWS: readonly Row[] = [
  { name: 'nothing is set', there: {}, plan: patch(ALL) },
  {
    name: 'the command is empty',
    there: { ...OURS, archive_command: '' },
    plan: patch({ archive_command: String(COMMAND) }),
  },
  {
    name: 'the command is the one that does nothing',
    there: { ...OURS, archive_command: '/bin/true' },
    plan: patch({ archive_command: String(COMMAND) }),
  },
  { name: 'all is ours', there: OURS, plan: IN_PLACE },
  {
    name: 'an older form of ours',
    there: { ...OURS, archive_command: '/walguard/bin/archive-wal %f' },
    plan: IN_PLACE,
  },
  { name: 'the mode is off', there: { ...OURS, archive_mode: 'off' }, plan: patch({ archive_mode: 'on' }) },
  { name: 'the mode is a YAML false', there: { ...OURS, archive_mode: false }, plan: patch({ archive_mode: 'on' }) },
  { name: 'the mode is a YAML true', there: { ...OURS, archive_mode: true }, plan: IN_PLACE },
  { name: 'the mode is always', there: { ...OURS, archive_mode: 'always' }, plan: IN_PLACE },
  { name: 'the timeout is longer', there: { ...OURS, archive_timeout: '1800s' }, plan: patch({ archive_timeout: 60 }) },
  { name: 'the timeout is shorter', there: { ...OURS, archive_timeout: '30s' }, plan: IN_PLACE },
  { name: 'the timeout is the same in minutes', there: { ...OURS, archive_timeout: '1min' }, plan: IN_PLACE },
  { name: 'the timeout is off', there: { ...OURS, archive_timeout: 0 }, plan: patch({ archive_timeout: 60 }) },
  {
    name: 'the timeout is nonsense',
    there: { ...OURS, archive_timeout: 'soon' },
    plan: patch({ archive_timeout: 60 }),
  },
  {
    name: "another's command",
    there: { archive_command: 'wal-g wal-push %p' },
    plan: { kind: 'foreign', parameter: 'archive_command' },
  },
  {
    name: "another's library",
    there: { ...OURS, archive_library: 'pgbackrest' },
    plan: { kind: 'foreign', parameter: 'archive_library' },
  },
  {
    name: "another's command, and a take-over",
    there: { ...OURS, archive_command: 'wal-g wal-push %p' },
    isTakeOver: true,
    plan: patch({ archive_command: String(COMMAND) }),
  },
  {
    name: "another's library, and a take-over",
    there: { ...OURS, archive_library: 'pgbackrest' },
    isTakeOver: true,
    plan: patch({ archive_library: '' }),
  },
];

for (const { name, there, isTakeOver = false, plan } of ROWS) {
  test(`Patroni's configuration where ${name}: ${plan.kind}`, () => {
    const wanted = { channel: 'rest', isPatroni: true, isTakeOver, timeoutSeconds: 60 } as const;
    assert.deepEqual(planPatroni({ ttl: 30, postgresql: { parameters: there } }, wanted), plan);
  });
}

test('a configuration without parameters has none', () => {
  const wanted = { channel: 'rest', isPatroni: true, isTakeOver: false, timeoutSeconds: 60 } as const;
  for (const configuration of [{}, undefined, { postgresql: {} }, { postgresql: { parameters: null } }]) {
    assert.deepEqual(planPatroni(configuration, wanted), patch(ALL));
  }
});
