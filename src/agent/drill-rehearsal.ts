// The middle of a drill: the pipes to the other container, and what is brought back through them. Room: agent (door).
import { DRILL_DIR } from '../api/names.ts';
import { parseStoragePrefix } from '../lib/cluster-identity.ts';
import { toolPath } from '../lib/dump-plan.ts';
import type { AgentContext } from './context.ts';
import { untilAborted } from './deadline.ts';
import { digestServer } from './drill-copy.ts';
import type { Course } from './drill-course.ts';
import { rehearseDump } from './drill-dump.ts';
import type { DrillOptions } from './drill-options.ts';
import { rehearseRecovery } from './drill-recovery.ts';
import type { Stage } from './drill-stage.ts';
import { openDumpClient } from './dump-client.ts';
import { readEncryptionKeyId } from './storage.ts';

/** @param stop aborted where the drill is to end; aborted here where the other container ends */
export async function rehearse(
  context: AgentContext,
  options: DrillOptions,
  course: Course,
  env: NodeJS.ProcessEnv,
  stop: AbortController,
): Promise<void> {
  const { major } = parseStoragePrefix(course.storagePrefix);
  // Closed, it ends the other container, and with that the copy, however the drill ends.
  const client = openDumpClient(DRILL_DIR, { PATH: toolPath(major), LC_ALL: 'C' }, stop);
  try {
    await readEncryptionKeyId(context.env);
    const stage = { context, options, course, env, client, signal: stop.signal };
    await Promise.race([bringBack(stage), untilAborted(stop.signal)]);
  } finally {
    client.close();
  }
}

async function bringBack(stage: Stage): Promise<void> {
  const { client, course, options } = stage;
  const postgres = await digestServer(client);
  if (postgres !== undefined) course.digests = { ...course.digests, postgres };
  return options.source === 'dump' ? rehearseDump(stage) : rehearseRecovery(stage);
}
