// What the tests of `walguard drill report` and `verify-report` share.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { EvidenceRecord, SignedEvidence } from '../../src/api/evidence.ts';
import { runCli } from '../../src/cli/cli.ts';
import { toStableJson } from '../../src/lib/json.ts';
import { type Captured, captureOutput } from '../support/output.ts';
import { makeTempDir } from '../support/temp.ts';

export const VERSION = '1.2.3';

export function drill(...args: string[]): Promise<Captured<number>> {
  return captureOutput(() => runCli('walguard', ['drill', ...args], VERSION, new AbortController().signal));
}

/** As they lie in the store, below a directory of the test. */
export async function storeRecords(
  context: TestContext,
  records: readonly SignedEvidence[],
  folder = 'shop/orders/evidence',
): Promise<{ readonly root: string; readonly folder: string; readonly files: readonly string[] }> {
  const root = await makeTempDir(context);
  const files = await Promise.all(
    records.map((signed, index) => {
      const { id } = JSON.parse(signed.record) as EvidenceRecord;
      return writeTo(join(root, folder), `${id ?? index}.json`, `${toStableJson(signed)}\n`);
    }),
  );
  return { root, folder: join(root, folder), files };
}

export async function writeTo(directory: string, name: string, text: string | Uint8Array): Promise<string> {
  const path = join(directory, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
}
