// The end of a Restore from a dump: a database that starts like any other. No I/O. Room: controller (door).
import type { Restore } from '../api/restore.ts';
import { describeEnds, restoredPod } from './restore-end.ts';
import type { Step } from './restore-step.ts';
import { namespaceOf, sidecarKey, type World } from './world.ts';

/**
 * | autoStart | its sidecar                    | step      |
 * | false     |                                | Completed |
 * | true      | does not answer                | Starting  |
 * | true      | Postgres is down, or recovers  | Starting  |
 * | true      | Postgres takes writes          | Completed |
 */
export function watchStart(restore: Restore, world: World): Step {
  const { now, sidecars } = world;
  const namespace = namespaceOf(restore);
  const { statefulSet } = restore.spec.destination;
  const complete = (message: string): Step => ({
    actions: [],
    status: { ...restore.status, phase: 'Completed', message, completedAt: now },
  });
  const wait = (message: string): Step => ({
    actions: [],
    status: { ...restore.status, phase: 'Starting', message },
  });
  const name = restore.status?.dump?.name;
  const held = `StatefulSet "${statefulSet}" has what dump ${name ?? restore.spec.source.dump} held`;
  if (restore.spec.autoStart === false)
    return complete(
      `${held}, and no replicas; start it: kubectl -n ${namespace} scale statefulset ${statefulSet} --replicas=1`,
    );
  const answer = sidecars.get(sidecarKey(namespace, restoredPod(restore))) ?? 'the pod does not exist yet';
  if (typeof answer === 'string') return wait(`starting Postgres; ${answer}`);
  if (answer.postgres === 'down' || answer.inRecovery !== false)
    return wait(describeEnds(restore, world, 'starting Postgres'));
  return complete(`${held}, takes writes, and archives on its own`);
}
