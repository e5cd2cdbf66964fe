// What the steps of a drill share: the world of its copy, and the looks at one that is stopped. Room: agent (door).
import { parseStoragePrefix } from '../lib/cluster-identity.ts';
import type { ControlData } from '../lib/drill/control-data.ts';
import type { AgentContext } from './context.ts';
import type { Look, Seen } from './drill-checks.ts';
import { type Copy, readControlData, runTool } from './drill-copy.ts';
import type { Course } from './drill-course.ts';
import type { DrillOptions } from './drill-options.ts';
import type { DumpClient } from './dump-client.ts';

/** Nothing that old is kept. */
export class TooOldError extends Error {}

export interface Stage {
  readonly context: AgentContext;
  readonly options: DrillOptions;
  readonly course: Course;
  /** The engine's. */
  readonly env: NodeJS.ProcessEnv;
  readonly client: DumpClient;
  readonly signal: AbortSignal;
}

/** @param before of the copy, from when it was made */
export async function checkStopped(stage: Stage, look: Look, copy: Copy, before: ControlData): Promise<void> {
  const { client, context, course, options } = stage;
  // A dump makes a cluster of its own.
  const wanted =
    options.source === 'dump' ? before.systemIdentifier : parseStoragePrefix(course.storagePrefix).systemIdentifier;
  await look('control-file', async () => {
    await copy.stop();
    return judgeControl(await readControlData(client, context.pgdata), wanted);
  });
  await look('checksums', () => checkChecksums(stage, before));
}

function judgeControl({ state, systemIdentifier }: ControlData, wanted: string): Seen {
  const expected = `shut down, of cluster ${wanted}`;
  const isGood = state === 'shut down' && systemIdentifier === wanted;
  return { result: isGood ? 'passed' : 'failed', expected, seen: `${state}, of cluster ${systemIdentifier}` };
}

async function checkChecksums({ client, context }: Stage, { hasChecksums }: ControlData): Promise<Seen> {
  if (!hasChecksums)
    return {
      result: 'skipped',
      seen: 'this cluster has no data checksums, so a changed byte inside of a row is not seen (pg_checksums --enable)',
    };
  const said = await runTool(client, ['pg_checksums', '--check', '-D', context.pgdata]).catch((error: Error) => error);
  if (said instanceof Error) {
    const isFound = /ended with code 1: .*(checksum|block)/is.test(said.message);
    return { result: isFound ? 'failed' : 'unknown', seen: said.message };
  }
  const [, blocks] = /Blocks scanned: *(\d+)/.exec(said) ?? [];
  return { result: 'passed', seen: `${blocks ?? 'all'} blocks, none is bad` };
}
