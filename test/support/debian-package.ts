// Programs of Debian packages that tests need and the product does not: downloaded once and unpacked, not installed.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheDir } from '../cluster/checkout.ts';
import { buildContext } from '../cluster/context.ts';
import { withLock } from '../cluster/lock.ts';

/** @returns the directory with what the package would install, such as `usr/bin`; @throws where it cannot be had */
export async function provideDebianPackage(name: string): Promise<string> {
  const directory = join(cacheDir(), 'packages', name);
  if (existsSync(directory)) return directory;
  mkdirSync(dirname(directory), { recursive: true });
  await withLock(buildContext(), `${directory}.lock`, `downloading ${name}`, async () => {
    if (existsSync(directory)) return;
    const unfinished = `${directory}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { recursive: true });
    const options = { cwd: unfinished, stdio: 'pipe', timeout: 120_000 } as const;
    // As whoever runs the tests: apt's own user may not write there.
    const download = () => execFileSync('apt-get', ['download', '-o', 'APT::Sandbox::User=root', name], options);
    try {
      download();
    } catch {
      execFileSync('apt-get', ['update', '-qq'], options); // its lists are old, or were never there
      download();
    }
    const file = readdirSync(unfinished).find((each) => each.endsWith('.deb'));
    execFileSync('dpkg-deb', ['-x', join(unfinished, file ?? ''), unfinished], options);
    renameSync(unfinished, directory);
  });
  return directory;
}
