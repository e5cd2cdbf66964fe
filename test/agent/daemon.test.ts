import assert from 'node:assert/strict';
import { existsSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { AgentContext } from '../../src/agent/context.ts';
import { createSupervisor, type Supervisor } from '../../src/agent/daemon.ts';
import { type DesiredDaemon, planDaemons } from '../../src/agent/daemon-plan.ts';
import { ARCHIVE_ENGINE_SOCKET, ARCHIVE_SOCKET, RECOVERY_ENGINE_SOCKET, RECOVERY_SOCKET } from '../../src/api/names.ts';
import type { RestoreRecord } from '../../src/api/reports.ts';
import { buildMessage, MESSAGE, readMessage } from '../../src/tools/daemon-protocol.ts';
import { makeScriptedEngine } from '../support/engines.ts';
import { isAlive, until } from '../support/processes.ts';
import { createRecordedLog } from '../support/recorded-log.ts';
import { makeTempDir } from '../support/temp.ts';

const PLACE = { policyPrefix: 's3://backups', namespace: 'shop', database: 'orders' };
const IDENTITY = { major: 15, systemIdentifier: '7710449571138806556', incarnation: undefined };
const OWN_PREFIX = 's3://backups/shop/orders/15/7710449571138806556';
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'key' };
const RESTORE: RestoreRecord = {
  restore: 'undo',
  uid: 'uid-of-undo',
  storagePrefix: 's3://backups/shop/source/15/42',
  target: { time: '2026-11-21T09:41:00Z' },
  baseBackup: 'base_1',
  namespace: 'shop',
  database: 'orders',
  systemIdentifier: '7710449571138806556',
  incarnation: 'r20261121201533',
  signature: 'of the job',
};
const ARCHIVE: DesiredDaemon = {
  role: 'archive',
  socket: ARCHIVE_SOCKET,
  engineSocket: ARCHIVE_ENGINE_SOCKET,
  prefix: OWN_PREFIX,
  credentials: CREDENTIALS,
};
const RECOVERY: DesiredDaemon = {
  role: 'recovery',
  socket: RECOVERY_SOCKET,
  engineSocket: RECOVERY_ENGINE_SOCKET,
  prefix: RESTORE.storagePrefix,
  credentials: CREDENTIALS,
};

const CLEARED = { prefix: OWN_PREFIX };

/** | data initialised | recovery asked for | secrets | this one may write its prefix | daemons | */
const ROWS = [
  [undefined, undefined, undefined, undefined, []],
  [undefined, RESTORE, CREDENTIALS, CLEARED, []],
  [undefined, undefined, CREDENTIALS, CLEARED, []],
  [IDENTITY, undefined, undefined, CLEARED, []],
  [IDENTITY, RESTORE, undefined, CLEARED, []],
  [IDENTITY, undefined, CREDENTIALS, undefined, []],
  [IDENTITY, undefined, CREDENTIALS, { prefix: RESTORE.storagePrefix }, []],
  [IDENTITY, undefined, CREDENTIALS, { ...CLEARED, encryptionKeyId: 'another' }, []],
  [IDENTITY, undefined, CREDENTIALS, CLEARED, [ARCHIVE]],
  [IDENTITY, RESTORE, CREDENTIALS, undefined, [RECOVERY]],
  [IDENTITY, RESTORE, CREDENTIALS, CLEARED, [ARCHIVE, RECOVERY]],
] as const;

for (const [identity, restore, credentials, clearance, daemons] of ROWS) {
  const given = `data ${identity ? 'initialised' : 'absent'}, recovery ${restore ? `asked for from ${restore.storagePrefix}` : 'not asked for'}, credentials ${credentials ? 'there' : 'missing'}, cleared ${JSON.stringify(clearance) ?? 'for nothing'}`;
  test(`${given}: ${daemons.map(({ role }) => role).join(' and ') || 'no daemon'}`, () => {
    assert.deepEqual(planDaemons(PLACE, identity, restore, { credentials, clearance }), daemons);
  });
}

test('a daemon knows the key it encrypts with, so that another key needs another daemon', () => {
  const secrets = { credentials: CREDENTIALS, encryptionKeyId: 'k' };
  const daemons = planDaemons(PLACE, IDENTITY, RESTORE, {
    ...secrets,
    clearance: { ...CLEARED, encryptionKeyId: 'k' },
  });
  assert.deepEqual(
    daemons.map(({ encryptionKeyId }) => encryptionKeyId),
    ['k', 'k'],
  );
});

test("a restored cluster archives below its own database's name, never into its source's prefix", () => {
  const [archive, recovery] = planDaemons({ ...PLACE, database: 'orders-before' }, IDENTITY, RESTORE, {
    credentials: CREDENTIALS,
    clearance: { prefix: 's3://backups/shop/orders-before/15/7710449571138806556' },
  });
  assert.equal(archive?.prefix, 's3://backups/shop/orders-before/15/7710449571138806556');
  assert.equal(recovery?.prefix, RESTORE.storagePrefix);
});

interface Scene {
  readonly supervisor: Supervisor;
  readonly desired: DesiredDaemon;
  /** Pid and prefix of each start so far. */
  readonly starts: (atLeast: number) => Promise<{ pid: number; prefix: string }[]>;
  readonly lines: Record<string, unknown>[];
}

/** A supervisor whose daemon is a shell script that notes its start and runs until it is ended. */
async function setUp(context: TestContext, script = 'sleep 60 & wait', retireMs?: number): Promise<Scene> {
  const directory = await makeTempDir(context);
  const notes = join(directory, 'starts');
  const engine = await makeScriptedEngine(directory, `echo "$$ $WALG_S3_PREFIX" >> ${notes}\n${script}`);
  const { log, lines } = createRecordedLog();
  const agent = { engine, log, env: { PATH: process.env.PATH ?? '' } } as unknown as AgentContext;
  const supervisor = createSupervisor(agent, retireMs);
  context.after(() => supervisor.stop());
  const read = () =>
    (existsSync(notes) ? readFileSync(notes, 'utf8') : '')
      .split('\n')
      .slice(0, -1)
      .map((line) => ({ pid: Number(line.split(' ')[0]), prefix: line.split(' ')[1] ?? '' }));
  const starts = async (atLeast: number) => {
    await until(`${atLeast} starts`, () => read().length >= atLeast);
    return read();
  };
  const sockets = { socket: join(directory, 's.sock'), engineSocket: join(directory, 'engine.sock') };
  return { supervisor, desired: { ...ARCHIVE, ...sockets }, starts, lines };
}

test('a daemon is started once and left running while nothing changes', async (context) => {
  const { supervisor, desired, starts } = await setUp(context);
  await supervisor.apply([desired]);
  await supervisor.apply([{ ...desired, credentials: { ...CREDENTIALS } }]);
  assert.equal((await starts(1)).length, 1);
  assert.equal(supervisor.isRunning('archive'), true);
  assert.equal(supervisor.isRunning('recovery'), false);
});

test("what a killed sidecar left behind is in nobody's way: neither its sockets nor the link to them", async (context) => {
  const { supervisor, desired } = await setUp(context, LISTENER);
  // How many were started before is not known here.
  for (let n = 1; n < 100; n++)
    for (const path of [desired.socket, desired.engineSocket]) writeFileSync(`${path}.${n}`, '');
  symlinkSync('s.sock.7', desired.socket);
  await supervisor.apply([desired]);
  assert.equal(await ask(desired.socket), 'key');
});

test('what the database reaches is the gate, and not the engine', async (context) => {
  const { supervisor, desired } = await setUp(context, LISTENER);
  await supervisor.apply([desired]);
  assert.equal(await ask(desired.socket), 'key');
  assert.match(readlinkSync(desired.socket), /^s\.sock\.\d+$/);
  assert.equal(await ask(desired.socket, buildMessage(MESSAGE.fetch, Buffer.from('x'))), '', 'the engine never saw it');
});

test('another prefix: the old daemon is ended before the new one runs', async (context) => {
  const { supervisor, desired, starts } = await setUp(context);
  await supervisor.apply([desired]);
  const [first] = await starts(1);
  await supervisor.apply([{ ...desired, prefix: 's3://backups/shop/orders/15/42' }]);
  assert.equal(isAlive(first?.pid ?? assert.fail()), false);
  const [, second] = await starts(2);
  assert.equal(second?.prefix, 's3://backups/shop/orders/15/42');
  assert.equal(supervisor.isRunning('archive'), true);
});

/** Answers each client that asks with its secret, in a message as the engine would. */
const LISTENER = `exec ${process.execPath} -e '
  const key = Buffer.from(process.env.AWS_SECRET_ACCESS_KEY);
  const answer = Buffer.concat([Buffer.from([79, 0, 3 + key.length]), key]);
  require("net").createServer((s) => s.once("data", () => s.end(answer))).listen(process.argv[1])
' "$2"`;

async function ask(path: string, message = buildMessage(MESSAGE.check)): Promise<string> {
  const client = connect({ path });
  client.write(message.bytes);
  return (await readMessage(client)).bytes.toString('utf8', 3);
}

const ROTATED = { ...CREDENTIALS, AWS_SECRET_ACCESS_KEY: 'new' };

test('rotated credentials: at no moment nobody listens, and the old daemon ends when its clients are gone', async (context) => {
  const { supervisor, desired, starts } = await setUp(context, LISTENER, 200);
  await supervisor.apply([desired]);
  const [first] = await starts(1);
  await until('the socket', () => existsSync(desired.socket));
  const answers: string[] = [];
  let isOver = false;
  const asking = (async () => {
    while (!isOver) answers.push(await ask(desired.socket));
  })();
  await until('answers', () => answers.length > 3);
  await supervisor.apply([{ ...desired, credentials: ROTATED }]);
  await until('answers of the new one', () => answers.filter((each) => each === 'new').length > 3);
  assert.equal(isAlive(first?.pid ?? assert.fail()), true, 'who was served before the switch is served to the end');
  isOver = true;
  await asking;
  assert.deepEqual([...new Set(answers)], ['key', 'new'], 'no answer failed');
  await until('the end of the old one', () => !isAlive(first?.pid ?? assert.fail()));
  assert.equal(supervisor.isRunning('archive'), true);
});

test('a successor that does not come up leaves the daemon that runs in its place', async (context) => {
  const { supervisor, desired, starts } = await setUp(
    context,
    `[ "$AWS_SECRET_ACCESS_KEY" != new ] || exit 1\n${LISTENER}`,
  );
  await supervisor.apply([desired]);
  const [first] = await starts(1);
  await until('the socket', () => existsSync(desired.socket));
  await supervisor.apply([{ ...desired, credentials: ROTATED }]);
  assert.equal(await ask(desired.socket), 'key');
  assert.equal(isAlive(first?.pid ?? assert.fail()), true);
  assert.equal(supervisor.isRunning('archive'), true);
});

test('stop ends the one that was replaced as well', async (context) => {
  const { supervisor, desired, starts } = await setUp(context, LISTENER);
  await supervisor.apply([desired]);
  await until('the socket', () => existsSync(desired.socket));
  await supervisor.apply([{ ...desired, credentials: ROTATED }]);
  const pids = (await starts(2)).map(({ pid }) => pid);
  await supervisor.stop();
  assert.deepEqual(pids.map(isAlive), [false, false]);
});

test('a daemon that died is not running, and the next look starts it again', async (context) => {
  const { supervisor, desired, starts } = await setUp(context, 'exec sleep 60');
  await supervisor.apply([desired]);
  const [first] = await starts(1);
  process.kill(first?.pid ?? assert.fail(), 'SIGKILL');
  await until('its end', () => !supervisor.isRunning('archive'));
  await supervisor.apply([desired]);
  assert.equal((await starts(2)).length, 2);
});

test('a daemon that keeps ending is started at once, then less and less often, and says why', async (context) => {
  const { supervisor, desired, starts } = await setUp(context, 'echo "ERROR: no such bucket" >&2; exit 3');
  const end = async () => {
    await supervisor.apply([desired]);
    await until('its end', () => !supervisor.isRunning('archive'));
  };
  await end();
  await end();
  // The second end in a row: the next start is a second away, however often one looks.
  for (let looks = 0; looks < 5; looks++) await supervisor.apply([desired]);
  assert.equal((await starts(2)).length, 2);
  assert.match(
    supervisor.lastError('archive') ?? '',
    /^the engine's daemon ended 2 times in a row: code 3: ERROR: no such bucket$/,
  );
});

test('a daemon that is killed because it does nothing is started again, and the log says why it was', async (context) => {
  const { supervisor, desired, starts, lines } = await setUp(context, 'trap "" TERM; sleep 60 & wait; sleep 60');
  supervisor.kill('archive', 'there is none');
  await supervisor.apply([desired]);
  const [first] = await starts(1);
  supervisor.kill('archive', 'it did not answer');
  await until('its end', () => !isAlive(first?.pid ?? assert.fail()) && !supervisor.isRunning('archive'));
  await supervisor.apply([desired]);
  assert.equal((await starts(2)).length, 2);
  assert.deepEqual(
    lines.filter(({ why }) => why !== undefined).map(({ role, why }) => [role, why]),
    [['archive', 'it did not answer']],
  );
});

test('what is no longer wanted is ended, and stop ends all with their children', async (context) => {
  const { supervisor, desired, starts } = await setUp(context);
  const recovery = { ...desired, role: 'recovery' as const, prefix: 's3://other' };
  await supervisor.apply([desired, recovery]);
  const pids = (await starts(2)).map(({ pid }) => pid);
  await supervisor.apply([desired]);
  assert.equal(supervisor.isRunning('recovery'), false);
  assert.equal(supervisor.isRunning('archive'), true);
  await supervisor.stop();
  assert.equal(supervisor.isRunning('archive'), false);
  for (const pid of pids) assert.equal(isAlive(pid), false);
});

test('what a daemon says goes to the log, without the credentials', async (context) => {
  const { supervisor, desired, lines } = await setUp(
    context,
    'echo hello; echo "using $AWS_SECRET_ACCESS_KEY" >&2; sleep 60 & wait',
  );
  await supervisor.apply([{ ...desired, credentials: { ...CREDENTIALS, AWS_SECRET_ACCESS_KEY: 'hunter2' } }]);
  const heard = (text: string) => lines.some(({ msg, role }) => msg === text && role === 'archive');
  await until('both words', () => heard('hello') && heard('using [redacted]'));
  assert.doesNotMatch(JSON.stringify(lines), /hunter2/);
});

test('what sounds like a failure is kept, the last of it, for as long as that daemon runs', async (context) => {
  const script = 'echo "INFO: started"; echo "ERROR: first"; echo "WARN: last"; echo "INFO: TERROR"; sleep 60 & wait';
  const { supervisor, desired, lines } = await setUp(context, script);
  assert.equal(supervisor.lastError('archive'), undefined);
  await supervisor.apply([desired]);
  await until('its last word', () => lines.some(({ msg }) => msg === 'INFO: TERROR'));
  assert.equal(supervisor.lastError('archive'), 'WARN: last');
  assert.equal(supervisor.lastError('recovery'), undefined);
  await supervisor.stop();
  assert.equal(supervisor.lastError('archive'), undefined);
});

test('an engine that cannot be started is said, and does not count as running', async (context) => {
  const { log, lines } = createRecordedLog();
  const engine = { ...(await makeScriptedEngine(await makeTempDir(context), '')), binary: '/no/such/engine' };
  const supervisor = createSupervisor({ engine, log, env: {} } as unknown as AgentContext);
  const directory = await makeTempDir(context);
  await supervisor.apply([{ ...ARCHIVE, socket: join(directory, 's'), engineSocket: join(directory, 'e') }]);
  await until('its failure', () => !supervisor.isRunning('archive'));
  assert.ok(lines.some(({ error }) => String(error).includes('ENOENT')));
  await supervisor.stop();
});
