// A directory of a test's own, gone when the test is.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

export async function makeTempDir(context: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'walguard-test-'));
  context.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
