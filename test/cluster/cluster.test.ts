// The parts that need no cluster; `npm run cluster -- up` itself is what every end-to-end test begins with.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { cacheDir, checkoutId, makePrivateDir } from './checkout.ts';
import { buildContext } from './context.ts';
import { describeMissing, isInstalled, requireCommand, requireRoot } from './host-packages.ts';
import { dockerfileOf, recipes } from './images/recipes.ts';
import { keyOf } from './images.ts';
import { usersFor } from './kubeconfig.ts';
import { withLock } from './lock.ts';
import { buildNetworkCommands, chooseSubnet, overlaps, planNetwork } from './network.ts';
import { isAlive, killAll, startTimeOf } from './process.ts';
import { lastLines, run } from './run.ts';
import { together } from './together.ts';
import { kubernetesVersion } from './tools.ts';

const quiet = buildContext(() => {});

test('a checkout has one short id, and another place has another', () => {
  assert.match(checkoutId('/a'), /^[0-9a-f]{6}$/);
  assert.equal(checkoutId('/a'), checkoutId('/a'));
  assert.notEqual(checkoutId('/a'), checkoutId('/b'));
});

test('the cache is where the environment says, or in the home directory', () => {
  assert.equal(cacheDir({ WALGUARD_CACHE: '/c' }), '/c');
  assert.equal(cacheDir({ XDG_CACHE_HOME: '/x' }), '/x/walguard');
  assert.match(cacheDir({}), /\.cache\/walguard$/);
});

test('a state directory that others can read is refused', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'walguard-test-'));
  t.after(() => rmSync(directory, { recursive: true }));
  makePrivateDir(join(directory, 'own'));
  makePrivateDir(join(directory, 'own'));
  chmodSync(join(directory, 'own'), 0o755);
  assert.throws(() => makePrivateDir(join(directory, 'own')), /mode 755; remove it/);
});

test('networks overlap when one holds the other', () => {
  assert.ok(overlaps('172.31.5.0/24', '172.16.0.0/12'));
  assert.ok(overlaps('172.31.5.7', '172.31.5.0/24'));
  assert.ok(overlaps('0.0.0.0/0', '10.0.0.0/8'));
  assert.ok(!overlaps('172.31.5.0/24', '172.31.6.0/24'));
  assert.ok(!overlaps('192.168.0.0/16', '10.0.0.0/8'));
});

test('the subnet is the preferred one, or the next that nothing uses', () => {
  assert.equal(chooseSubnet(7, ['10.0.0.0/8']), 7);
  assert.equal(chooseSubnet(7, ['172.31.7.0/24']), 8);
  assert.equal(chooseSubnet(255, ['172.31.255.1', '172.30.0.128/25']), 1);
  assert.equal(chooseSubnet(0, ['172.31.0.0/20']), 16);
  // All of it in one big route: give up a /24 of that rather than refuse.
  assert.equal(chooseSubnet(7, ['172.16.0.0/12', '172.31.7.0/24']), 8);
  const everything = Array.from({ length: 256 }, (_, n) => `172.30.${n}.0/24`);
  assert.throws(() => chooseSubnet(7, everything), /no room for a cluster/);
});

test('every name of a network has the checkout in it and fits an interface', () => {
  const plan = planNetwork('abc123', 9, 2);
  assert.deepEqual(plan.nodes[1], {
    name: 'node-2',
    namespace: 'walguard-abc123-node-2',
    address: '172.31.9.12',
    podCidr: '172.30.9.128/25',
  });
  assert.ok(plan.hostLink.length <= 15);
  const lines = buildNetworkCommands(plan).map((words) => words.join(' '));
  assert.ok(lines.includes('ip route add 172.30.9.0/25 via 172.31.9.11 dev wlg-abc123'));
  assert.ok(lines.includes('ip -n walguard-abc123-node-2 route add 172.30.9.0/25 via 172.31.9.11'));
  assert.ok(!lines.some((line) => line.includes('iptables ')), 'the host gets no rules');
});

test('a process is known by its start time too', async () => {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  const known = { pid, startTime: startTimeOf(pid) };
  assert.ok(isAlive(known));
  const recycled = { pid, startTime: '1@another' };
  assert.ok(!isAlive(recycled));
  await killAll([recycled]);
  assert.ok(isAlive(known), 'somebody else’s process with a recorded pid is left alone');
  await killAll([known]);
  assert.ok(!isAlive(known));
});

test('a lock has one holder at a time, and a dead holder does not keep it', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'walguard-test-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'lock');
  writeFileSync(path, JSON.stringify({ pid: 2 ** 22 - 1, startTime: '1@gone' }));
  let inside = 0;
  const enter = () =>
    withLock(quiet, path, 'a test', async () => {
      assert.equal(++inside, 1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      inside--;
    });
  await Promise.all([enter(), enter(), enter()]);
});

test('missing things are one sentence with the remedy', () => {
  assert.ok(isInstalled('sh'));
  assert.ok(!isInstalled('no-such-command'));
  assert.throws(
    () => requireCommand('no-such-command', 'install it'),
    /^Error: `no-such-command` is not in PATH: install it\.$/,
  );
  assert.throws(() => requireRoot(1000), /this is user 1000: run it as root, or take --api-only/);
  assert.equal(
    describeMissing([{ command: 'runc', debianPackage: 'runc', gives: 'containers' }], 'install runc'),
    'A cluster with nodes needs runc (containers), not found on this machine: install runc.',
  );
});

test('a command that fails says how, and shows its last lines', async () => {
  assert.equal(await run(quiet, 'cat', [], { input: 'x' }), 'x');
  await assert.rejects(run(quiet, 'sh', ['-c', 'echo broken >&2; exit 3']), /ended with exit code 3\n {2}\| broken/);
  await assert.rejects(run(quiet, 'no-such-command', []), /could not run no-such-command/);
  assert.equal(lastLines('a\nb\nc\n', 2), '  | b\n  | c');
});

test('an interruption ends a running command', async () => {
  const controller = new AbortController();
  const running = run({ ...quiet, signal: controller.signal }, 'sleep', ['60']);
  controller.abort(new Error('interrupted by SIGINT'));
  await assert.rejects(running, /interrupted by SIGINT/);
});

test('one failed step stops the others, and is the one that is reported', async () => {
  const slow = (context: typeof quiet) => run(context, 'sleep', ['60']);
  const failing = async () => Promise.reject(new Error('the first'));
  await assert.rejects(together(quiet, slow, failing), /the first/);
  assert.deepEqual(
    await together<[number, string]>(
      quiet,
      async () => 1,
      async () => 'b',
    ),
    [1, 'b'],
  );
});

test('a recipe says what its Dockerfile is built on, and has the files that it names', () => {
  for (const [image, recipe] of Object.entries(recipes)) {
    const from = /^FROM (\S+)/m.exec(readFileSync(dockerfileOf(recipe), 'utf8'))?.[1];
    const base = from?.replace(/\$\{(\w+)\}/g, (_, name) => recipe.args?.[name] ?? '');
    assert.equal(base, recipe.from ?? 'scratch', image);
    for (const file of recipe.files ?? []) assert.ok(existsSync(file), file);
  }
});

test('an image is stale when its recipe, a file of it or its base is another, and only then', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'walguard-test-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'entrypoint.sh');
  writeFileSync(file, 'one');
  const recipe = { dockerfile: 'postgres', from: 'localhost/postgresql:16', args: { PG_MAJOR: '16' }, files: [file] };
  const key = keyOf('a', recipe);
  assert.equal(keyOf('a', { ...recipe }), key);
  const others = [
    keyOf('b', recipe),
    keyOf('a', { ...recipe, dockerfile: 'patroni' }),
    keyOf('a', { ...recipe, args: { PG_MAJOR: '17' } }),
    keyOf('a', { ...recipe, from: 'localhost/postgresql:17' }),
    keyOf('a', { ...recipe, npmPackage: 'npm@1.0.0' }),
  ];
  writeFileSync(file, 'two');
  others.push(keyOf('a', recipe));
  assert.equal(new Set([key, ...others]).size, 7);
});

test('every node is a user of the group that the node authorizer knows', () => {
  const node = usersFor(['node-1']).find(({ id }) => id === 'node-1');
  assert.deepEqual(node, { id: 'node-1', name: 'system:node:node-1', groups: ['system:nodes'] });
});

test('the Kubernetes version is the one that go.mod requires', () => {
  assert.match(kubernetesVersion(), /^v1\.\d+\.\d+$/);
  assert.equal(kubernetesVersion('require (\n\tk8s.io/kubernetes v1.2.3\n)'), 'v1.2.3');
});
