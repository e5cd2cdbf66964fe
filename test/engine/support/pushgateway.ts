// A real Pushgateway, of Debian's package prometheus-pushgateway: downloaded once and unpacked, not installed.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { cacheDir } from '../../cluster/checkout.ts';
import { buildContext } from '../../cluster/context.ts';
import { withLock } from '../../cluster/lock.ts';
import { findFreePort, waitForPort } from './store.ts';

const PACKAGE = 'prometheus-pushgateway';

/** Its URL; undefined, and why is said, where the package cannot be had. */
export async function startPushgateway(context: TestContext): Promise<string | undefined> {
  const program = await provide().catch((error: Error) => {
    context.diagnostic(`no ${PACKAGE}: ${error.message}`);
    return undefined;
  });
  if (program === undefined) return undefined;
  const port = await findFreePort();
  const server = spawn(program, [`--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' });
  context.after(async () => {
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  });
  await waitForPort(port);
  return `http://127.0.0.1:${port}`;
}

async function provide(): Promise<string> {
  const directory = join(cacheDir(), 'engine', PACKAGE);
  if (!existsSync(directory)) {
    await withLock(buildContext(), `${directory}.lock`, `downloading ${PACKAGE}`, async () => {
      if (existsSync(directory)) return;
      const unfinished = `${directory}.unfinished`;
      rmSync(unfinished, { recursive: true, force: true });
      mkdirSync(unfinished, { recursive: true });
      // As whoever runs the tests: apt's own user may not write there.
      const options = { cwd: unfinished, stdio: 'pipe' } as const;
      execFileSync('apt-get', ['download', '-o', 'APT::Sandbox::User=root', PACKAGE], { ...options, timeout: 60_000 });
      const file = readdirSync(unfinished).find((name) => name.endsWith('.deb'));
      execFileSync('dpkg-deb', ['-x', join(unfinished, file ?? ''), unfinished], options);
      renameSync(unfinished, directory);
    });
  }
  return join(directory, 'usr', 'bin', PACKAGE);
}
