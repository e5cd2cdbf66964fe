// A database with a story of two base backups, verified; for the tests of what is found and of what the windows say.
import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { VerifyReport } from '../../../src/api/reports.ts';
import { closeSegments, type Job, prefixOf, runJob, startWorld, type World, waitForArchived } from './engine-world.ts';
import type { EngineUnderTest } from './engines.ts';

export type Verified = Extract<VerifyReport, { findings: unknown }>;

export function runVerify({ store, postgres }: World, env: NodeJS.ProcessEnv = {}, database = 'orders'): Promise<Job> {
  return runJob('verify', store, postgres, { database, env: { WALGUARD_SECOND_LOOK_MS: '50', ...env } });
}

export async function verify(world: World, database?: string): Promise<Verified> {
  const { report, code, stderr } = await runVerify(world, {}, database);
  assert.ok('findings' in report, `${JSON.stringify(report)}\n${stderr}`);
  assert.equal(code, report.ok === true ? 0 : 1);
  assert.ok(Buffer.byteLength(JSON.stringify(report)) <= 4096);
  return report as unknown as Verified;
}

export const codes = ({ findings }: Verified) => findings.map(({ code }) => code);
export const shape = ({ inventory }: Verified) =>
  inventory.recoveryWindows.map(({ to, baseBackups }) => [to === undefined ? 'open' : 'closed', baseBackups]);

/** Out of the bucket while `use` runs. */
export async function without(file: string, use: () => Promise<void>): Promise<void> {
  const aside = `${file.replaceAll('/', '_')}.aside`.slice(-80);
  const path = join('/tmp', `walguard-${process.pid}-${aside}`);
  await rename(file, path);
  await use().finally(() => rename(path, file));
}

/** A story of two base backups with WAL before, between and after them. */
export async function tellStory(context: TestContext, engine: EngineUnderTest) {
  const world = await startWorld(context, { engine });
  const { postgres, store } = world;
  const backUp = async () => {
    const { report, code, stderr } = await runJob('base-backup', store, postgres);
    assert.equal(code, 0, `${JSON.stringify(report)}${stderr}`);
    return (report.backup as { name: string }).name;
  };
  await closeSegments(postgres, 1);
  const first = await backUp();
  const between = await closeSegments(postgres, 5);
  const second = await backUp();
  const after = await closeSegments(postgres, 3);
  await waitForArchived(postgres, after.at(-1));
  const prefix = await prefixOf(store, postgres);
  const file = (key: string) => store.fileOf(`${prefix}/${key}`);
  const segmentFile = async (name: string | undefined) => {
    const key = (await store.list(`${prefix}/wal_005`)).find(
      (each) => each.includes(`/${name}.`) && !each.includes('.backup'),
    );
    assert.ok(key, `${name} is stored`);
    return store.fileOf(key);
  };
  const parts = async (name: string) =>
    (await store.list(`${prefix}/basebackups_005/${name}/tar_partitions`)).map((key) => store.fileOf(key));
  return { world, first, second, between, after, file, segmentFile, parts };
}
