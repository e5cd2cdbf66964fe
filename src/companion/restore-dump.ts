// The Job of a Restore from a dump. Its pod is that of a drill around the claim that is to be filled: `restore` reads the dump and
// verifies, `postgres`, the workload's own image, makes the cluster and loads. Room: companion (pure).
import type { EnvVar, KubeObject, PodSpec, VolumeMount } from '../api/kubernetes.ts';
import { DRILL_DIR, DUMP_VOLUME_DIR } from '../api/names.ts';
import type { Restore } from '../api/restore.ts';
import { cloneJson } from '../lib/json.ts';
import { buildAgentPod } from './agent-pod.ts';
import { addVolume, buildPipes, buildPostgres, findFiles, serverOptionsEnv, volumeOwner } from './image-container.ts';
import { dumpClaimName, restoreJobName, type Subject } from './instance.ts';
import { timeoutEnv } from './job-env.ts';
import { FETCH_TIMEOUT_SECONDS, restoreClaimName, wrapRestoreJob } from './restore.ts';

export interface DumpSource {
  /** Of the very cluster that was dumped. */
  readonly storagePrefix: string;
  /** Whose claim for dumps is read, where the policy keeps them on claims; undefined where they lie in the store. */
  readonly claimOf?: string;
}

const OWN: VolumeMount = { name: 'load', mountPath: DRILL_DIR };
const DUMPS: VolumeMount = { name: 'dumps', mountPath: DUMP_VOLUME_DIR, readOnly: true };

/** A plan reads the manifest alone, and needs neither claim nor image. */
export function buildLoadJob(subject: Subject, restore: Restore, source: DumpSource): KubeObject {
  const isPlan = restore.spec.planOnly === true;
  const pod = buildAgentPod(subject, {
    companion: 'restore',
    ...(isPlan ? {} : { claim: restoreClaimName(subject, restore) }),
    readOnly: false,
    env: buildEnv(subject, restore, source),
  });
  const withDumps = addDumps(pod, source);
  const spec = isPlan ? withDumps : addImage(subject, withDumps);
  const owner = isPlan ? {} : { ...volumeOwner(subject), ...ownGroup(subject) };
  const securityContext = { ...spec.securityContext, ...owner };
  return wrapRestoreJob(restore, restoreJobName(restore.metadata.name ?? ''), { ...spec, securityContext });
}

/** As the database's own pod will have it on the same claim. */
function ownGroup({ workload }: Subject): { readonly fsGroup?: number } {
  const { fsGroup } = workload.spec.template.spec.securityContext ?? {};
  return fsGroup === undefined ? {} : { fsGroup };
}

function buildEnv(subject: Subject, restore: Restore, source: DumpSource): EnvVar[] {
  return [...buildDumpEnv(restore, source), serverOptionsEnv(subject), timeoutEnv(FETCH_TIMEOUT_SECONDS)];
}

/** Which dump is loaded, and where it lies. */
export function buildDumpEnv({ spec }: Restore, { storagePrefix, claimOf }: DumpSource): EnvVar[] {
  return [
    { name: 'WALGUARD_SOURCE_PREFIX', value: storagePrefix },
    { name: 'WALGUARD_DUMP', value: spec.source.dump ?? '' },
    { name: 'WALGUARD_DUMP_DESTINATION', value: claimOf === undefined ? 'storage' : 'volume' },
    ...(spec.planOnly ? [{ name: 'WALGUARD_PLAN_ONLY', value: '1' }] : []),
  ];
}

/** The claim with the dumps, where they lie on one. */
export function addDumps(pod: PodSpec, { claimOf }: DumpSource): PodSpec {
  if (claimOf === undefined) return pod;
  const claim = { claimName: dumpClaimName(claimOf), readOnly: true };
  return addVolume(pod, DUMPS, { name: DUMPS.name, persistentVolumeClaim: claim });
}

function addImage(subject: Subject, pod: PodSpec): PodSpec {
  const files = findFiles(subject);
  const known = new Set(pod.volumes?.map(({ name }) => name));
  const data = cloneJson(subject.server.dataMount);
  // On a disk: the log of a long load is some megabytes.
  const withOwn = addVolume(pod, OWN, { name: OWN.name, emptyDir: { sizeLimit: '512Mi' } });
  return {
    ...withOwn,
    volumes: [...(withOwn.volumes ?? []), ...files.volumes.filter(({ name }) => !known.has(name))],
    // Postgres is stopped.
    terminationGracePeriodSeconds: 60,
    initContainers: [buildPipes(subject, OWN), buildPostgres(subject, [OWN, data, ...files.mounts])],
  };
}
