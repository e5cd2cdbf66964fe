import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { serveProgress } from '../../src/agent/restore-progress.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { makeTempDir } from '../support/temp.ts';

const PLAN = { baseBackup: 'base_1', target: 'x', fetchBytes: 1, dataBytes: 2 };

async function findPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function serve(context: TestContext, pgdata: string) {
  const port = await findPort();
  const env = { WALGUARD_SIDECAR_PORT: String(port) };
  const progress = serveProgress({ env, pgdata, log: createLogger('test') });
  context.after(progress.close);
  return { progress, look: async () => (await fetch(`http://127.0.0.1:${port}/status`)).json() };
}

test('nothing until there is a plan; then that, and how much fuller the volume is', async (context) => {
  const directory = await makeTempDir(context);
  const { progress, look } = await serve(context, join(directory, 'not', 'there', 'yet'));
  assert.deepEqual(await look(), {});
  await progress.begin(PLAN);
  await writeFile(join(directory, 'file'), Buffer.alloc(8 * 1024 * 1024, 1));
  const { plan, bytes, seconds } = (await look()) as { plan: object; bytes: number; seconds: number };
  assert.deepEqual(plan, PLAN);
  assert.ok(bytes >= 0 && Number.isFinite(bytes));
  assert.ok(seconds >= 0);
});
