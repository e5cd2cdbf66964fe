// A real Pushgateway, of Debian's package prometheus-pushgateway.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { provideDebianPackage } from '../../support/debian-package.ts';
import { findFreePort, waitForPort } from './store.ts';

const PACKAGE = 'prometheus-pushgateway';

/** Its URL; undefined, and why is said, where the package cannot be had. */
export async function startPushgateway(context: TestContext): Promise<string | undefined> {
  const directory = await provideDebianPackage(PACKAGE).catch((error: Error) => {
    context.diagnostic(`no ${PACKAGE}: ${error.message}`);
    return undefined;
  });
  if (directory === undefined) return undefined;
  const program = join(directory, 'usr', 'bin', PACKAGE);
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
