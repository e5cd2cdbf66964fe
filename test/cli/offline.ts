// Runs an offline verb in this process, by the repository's own policies unless told otherwise.
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { runCli } from '../../src/cli/cli.ts';
import { type Captured, captureOutput } from '../support/output.ts';
import { makeTempDir } from '../support/temp.ts';

const root = dirname(dirname(import.meta.dirname));

export function runOffline(...args: readonly string[]): Promise<Captured<number>> {
  return captureOutput(() => runCli('walguard', args, '1.2.3', new AbortController().signal));
}

/** Without a look at whatever cluster the machine knows. */
export function runByOwnPolicies(...args: readonly string[]): Promise<Captured<number>> {
  return runOffline(...args, '--policies', join(root, 'policies'));
}

/** Files of a test's own, in a directory; gone when the test is. */
export async function writeFiles(context: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await makeTempDir(context);
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return directory;
}

/** The messages of the policies, which every verb begins with, are left out. */
export function reportOf({ stderr }: Captured<number>): string {
  return stderr.replace(/^(storage of|policies:).*\n/gm, '');
}
