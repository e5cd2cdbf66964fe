// Golden files are product text: reviewed when they change, rewritten only by UPDATE_GOLDEN=1.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';

export function assertGolden(url: URL, actual: string): void {
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(url, actual);
  const expected = readFileSync(url, 'utf8');
  assert.equal(
    actual,
    expected,
    `${url.pathname.split('/').at(-1)} differs; if that is wanted: UPDATE_GOLDEN=1 npm run test:unit, and read the diff`,
  );
}
