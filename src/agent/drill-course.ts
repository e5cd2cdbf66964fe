// What is known of a drill so far, and the record and the report that come of it. Room: agent (door).
import type { EvidenceCheck, EvidenceOutcome, EvidencePhase, ProgramDigests } from '../api/evidence.ts';
import { WALGUARD_VERSION } from '../api/names.ts';
import type { DrillReport } from '../api/reports.ts';
import type { RestoreTarget } from '../api/restore.ts';
import { clusterIdOf, parseStoragePrefix } from '../lib/cluster-identity.ts';
import { buildDrillReport } from '../lib/drill/report.ts';
import { describeTarget } from '../lib/recovery-target.ts';
import type { AgentContext } from './context.ts';
import type { DrillOptions } from './drill-options.ts';
import type { EvidenceDraft } from './evidence.ts';

export interface Course {
  readonly startedAt: Date;
  readonly storagePrefix: string;
  readonly phases: EvidencePhase[];
  readonly checks: EvidenceCheck[];
  readonly engine: string;
  /** Of the server's, too, once it was read. */
  digests: ProgramDigests;
  target?: RestoreTarget;
  baseBackup?: string;
  postgres?: string;
  lastTransactionAt?: string;
  rtoSeconds?: number;
  achievedRpoSeconds?: number;
}

type Phase = Pick<EvidencePhase, 'name' | 'bytes' | 'command'>;

/** @returns ends it; one that is never ended has failed, and its time up to then is kept by `endPhases` */
export function beginPhase({ phases }: Course, phase: Phase): () => void {
  const begin = performance.now();
  const index = phases.length;
  const startedAt = new Date().toISOString();
  const note = () => {
    phases[index] = { ...phase, startedAt, seconds: toSeconds(performance.now() - begin) };
  };
  note();
  return note;
}

export function toSeconds(milliseconds: number): number {
  return Math.round(milliseconds) / 1000;
}

export function buildRecord(
  { namespace, database }: AgentContext,
  options: DrillOptions,
  course: Course,
  outcome: EvidenceOutcome,
  message: string,
): EvidenceDraft {
  const { startedAt, storagePrefix, phases, checks, engine, digests, target, baseBackup, postgres } = course;
  const { target: asked, lagSeconds, image } = options;
  const { lastTransactionAt, rtoSeconds, achievedRpoSeconds } = course;
  return {
    apiVersion: 'walguard.dev/v1alpha1',
    kind: 'Evidence',
    what: 'drill',
    name: options.name,
    requestedBy: options.requestedBy,
    database: {
      namespace,
      name: database,
      instance: options.instance,
      systemIdentifier: parseStoragePrefix(storagePrefix).systemIdentifier,
      storagePrefix,
    },
    policy: options.policy,
    target: { asked: asked === 'lag' ? `lag of ${lagSeconds} s` : asked, resolved: target ?? { latest: true } },
    outcome,
    message,
    startedAt: startedAt.toISOString(),
    finishedAt: new Date().toISOString(),
    phases,
    ...(baseBackup === undefined
      ? {}
      : { recovery: { baseBackup, ...defined({ lastTransactionAt, rtoSeconds, achievedRpoSeconds }) } }),
    objectives: options.objectives,
    checks,
    versions: { walguard: WALGUARD_VERSION, engine, ...defined({ postgres, image: image || undefined }), digests },
  };
}

/** @param evidence id of the record in the store; undefined where it could not be kept */
export function buildReport(draft: EvidenceDraft, course: Course, evidence: string | undefined): DrillReport {
  const { name, startedAt, finishedAt, outcome, message, checks, database } = draft;
  const { target, baseBackup, lastTransactionAt, rtoSeconds, achievedRpoSeconds } = course;
  const told = { name, startedAt, finishedAt, outcome, message, checks };
  const known = defined({ baseBackup, lastTransactionAt, rtoSeconds, achievedRpoSeconds, evidence });
  const words = target === undefined ? {} : { target: describeTarget(target) };
  return buildDrillReport({ ...told, ...words, ...known }, clusterIdOf(parseStoragePrefix(database.storagePrefix)));
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without what is not known. */
function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
