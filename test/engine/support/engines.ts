// Which engines the tier runs: walrus everywhere, and WAL-G 3 where WALG_BIN points at one.
import { execFileSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { type Engine, type EngineId, resolveEngine } from '../../../src/tools/engine.ts';
import { providePrograms } from './programs.ts';

export interface EngineUnderTest extends Engine {
  /** The daemon's client, which is walrus's with either engine. */
  readonly client: string;
}

const walg = process.env.WALG_BIN;

export const ENGINE_IDS: readonly EngineId[] = walg ? ['walrus', 'wal-g'] : ['walrus'];

/** The product's own description of the engine, with the program's path outside of a pod. */
export async function provideEngine(id: EngineId): Promise<EngineUnderTest> {
  const { walrus } = await providePrograms();
  return { ...resolveEngine(id), binary: id === 'wal-g' && walg ? walg : walrus, client: walrus };
}

/** The same test for each engine; its name says which. */
export function engineTest(name: string, body: (context: TestContext, engine: EngineUnderTest) => Promise<void>): void {
  for (const id of ENGINE_IDS) test(`${id}: ${name}`, async (context) => body(context, await provideEngine(id)));
}

/** One line that says plainly what ran and what did not. */
export async function describeEngines(): Promise<string> {
  const versions = [];
  for (const id of ENGINE_IDS) versions.push(readVersion(await provideEngine(id)));
  const missing = walg ? [] : ['WAL-G: not run, WALG_BIN is not set'];
  return `engines: ${[...versions, ...missing].join('; ')}`;
}

function readVersion({ id, binary }: EngineUnderTest): string {
  const said = execFileSync(binary, ['--version'], { encoding: 'utf8', env: { HOME: '/tmp', USER: 'postgres' } });
  return `${id} ${/\d+\.\d+\.\d+\S*/.exec(said)?.[0] ?? said.trim()}`;
}
