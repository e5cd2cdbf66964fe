// Golden files are product text: reviewed when they change, rewritten only by UPDATE_GOLDEN=1.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

const COMMAND = 'UPDATE_GOLDEN=1 npm run test:unit, and read the diff';

export function assertGolden(url: URL, actual: string): void {
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(url, actual);
  const name = url.pathname.split('/').at(-1);
  assert.ok(existsSync(url), `there is no golden file ${name}; if it is new: ${COMMAND}`);
  assert.equal(actual, readFileSync(url, 'utf8'), `${name} differs; if that is wanted: ${COMMAND}`);
}

export interface GoldenFolder {
  readonly assert: (name: string, actual: string) => void;
  /** For the last test of a file: a golden that no test compares any more would look like a promise. */
  readonly assertNoStale: () => void;
}

/** @param folder relative to the test file, with a trailing slash; of one test file alone */
export function openGoldenFolder(testUrl: string, folder: string): GoldenFolder {
  const root = new URL(folder, testUrl);
  const seen = new Set<string>();
  if (process.env.UPDATE_GOLDEN === '1') mkdirSync(root, { recursive: true });
  return {
    assert: (name, actual) => {
      seen.add(name);
      assertGolden(new URL(name, root), actual);
    },
    assertNoStale: () => {
      const there = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isFile());
      const stale = there.map(({ name }) => name).filter((name) => !seen.has(name));
      assert.deepEqual(stale, [], `no test compares these files in ${root.pathname} any more; delete them`);
    },
  };
}
