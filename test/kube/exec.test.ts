import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KubeError, loadKubeConfig } from '../../src/kube/client.ts';
import { type ExecLimits, execInPod } from '../../src/kube/exec.ts';
import { CHANNEL, type ExecServer, startExecServer } from '../support/websocket-server.ts';

const TARGET = { namespace: 'shop', pod: 'orders-0', container: 'walguard', command: ['node', 'a b', 'agent'] };

function exec({ kubeconfig }: ExecServer, limits: Partial<ExecLimits> = {}) {
  const all = { signal: new AbortController().signal, timeoutMs: 20_000, maxBytes: 1_000_000, ...limits };
  return execInPod(loadKubeConfig({ kubeconfig }), TARGET, all);
}

const SUCCESS = JSON.stringify({ status: 'Success' });
const failure = (code: string) =>
  JSON.stringify({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: code }] },
  });

test('what the command writes comes back, and its code', async (context) => {
  const server = await startExecServer(context, ({ send }) => {
    send(CHANNEL.stdout, 'one\n');
    send(CHANNEL.stderr, 'careful\n');
    // A character that is cut in two.
    send(CHANNEL.stdout, Buffer.from('ä\n').subarray(0, 1));
    send(CHANNEL.stdout, Buffer.from('ä\n').subarray(1));
    send(CHANNEL.status, SUCCESS);
  });
  assert.deepEqual(await exec(server), { code: 0, stdout: 'one\nä\n', stderr: 'careful\n' });
  const url = new URL(server.asked[0] ?? '', 'http://x');
  assert.equal(url.pathname, '/api/v1/namespaces/shop/pods/orders-0/exec');
  assert.deepEqual(url.searchParams.getAll('command'), TARGET.command);
  assert.equal(url.searchParams.get('container'), 'walguard');
});

test('an output of a megabyte comes whole', async (context) => {
  const text = 'x'.repeat(999_999);
  const server = await startExecServer(context, ({ send }) => {
    send(CHANNEL.stdout, text);
    send(CHANNEL.status, SUCCESS);
  });
  assert.equal((await exec(server)).stdout, text);
});

test('a command that failed is no error: its code comes back', async (context) => {
  const server = await startExecServer(context, ({ send }) => send(CHANNEL.status, failure('2')));
  assert.deepEqual(await exec(server), { code: 2, stdout: '', stderr: '' });
});

test('a command that could not be run is an error, with the words of the API server', async (context) => {
  const status = { status: 'Failure', code: 500, message: 'container not found ("walguard")' };
  const server = await startExecServer(context, ({ send }) => send(CHANNEL.status, JSON.stringify(status)));
  await assert.rejects(exec(server), { status: 500, message: 'container not found ("walguard")' });
});

test('a refusal is told with its status', async (context) => {
  const server = await startExecServer(context, 403);
  await assert.rejects(exec(server), (error: Error) => error instanceof KubeError && error.status === 403);
});

test('a connection that breaks before the end is no end', async (context) => {
  const server = await startExecServer(context, ({ send, cut }) => {
    send(CHANNEL.stdout, 'half');
    setImmediate(cut);
  });
  await assert.rejects(exec(server), /the connection to shop\/orders-0 broke before the command ended/);
});

test('a command that does not end is let go at the deadline, and its connection closed', async (context) => {
  const closed = Promise.withResolvers<unknown>();
  const server = await startExecServer(context, (connection) => closed.resolve(connection.closed));
  await assert.rejects(exec(server, { timeoutMs: 300 }), /no end of the command in shop\/orders-0 after 0\.3 s/);
  await closed.promise;
});

test('the signal ends it, with its reason', async (context) => {
  const server = await startExecServer(context, () => stop.abort(new Error('told to stop')));
  const stop = new AbortController();
  await assert.rejects(exec(server, { signal: stop.signal }), /told to stop/);
});

test('too much output ends it', async (context) => {
  const server = await startExecServer(context, ({ send }) => {
    send(CHANNEL.stdout, 'x'.repeat(600));
    send(CHANNEL.stderr, 'x'.repeat(600));
  });
  await assert.rejects(exec(server, { maxBytes: 1000 }), /orders-0 answered with more than 1000 bytes/);
});
