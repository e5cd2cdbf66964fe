// The archive settings that Postgres should run with: which of them it lacks, and what to do about it. No I/O.
// Room: agent (door).
import { ANNOTATION } from '../api/names.ts';
import type { MissingSetting } from '../api/protected-database.ts';
import { buildArchiveArguments, buildPatroniParameters } from '../inject/archive-settings.ts';
import type { Observed } from '../tools/postgres.ts';

export interface WantedSettings {
  /** By whom they reach Postgres: see Channel in the flavours; external is the user. */
  readonly channel: 'arguments' | 'variable' | 'rest' | 'external';
  /** The user lets walguard take the place of another archiver. */
  readonly isTakeOver: boolean;
  /** Patroni starts Postgres, and has its settings. */
  readonly isPatroni: boolean;
  readonly timeoutSeconds: number;
}

/** What came of the last call of the REST API; `scope` and `member` are the names of cluster and member in patronictl. */
export type RestOutcome = { readonly scope?: string; readonly member?: string } & (
  | { readonly kind: 'in-place' }
  | { readonly kind: 'foreign'; readonly parameter: string }
  | { readonly kind: 'failed'; readonly why: string }
);

const CHANNELS = ['arguments', 'variable', 'rest', 'external'] as const;

/** What inject tells the sidecar; a template of an older walguard, which only knew arguments, tells nothing. */
export function readWantedSettings(env: NodeJS.ProcessEnv): WantedSettings {
  return {
    channel: CHANNELS.find((each) => each === env.WALGUARD_SETTINGS_CHANNEL) ?? 'arguments',
    isTakeOver: env.WALGUARD_SETTINGS_MODE === 'take-over',
    isPatroni: env.WALGUARD_FLAVOUR === 'patroni',
    timeoutSeconds: Number(env.WALGUARD_ARCHIVE_TIMEOUT) || 60,
  };
}

/**
 * | archive_mode | command  | timeout             | missing                          |
 * | off          | not told | 1 to wanted         | archive_mode                     |
 * | on, always   | ours     | 1 to wanted         | none                             |
 * | on, always   | another  | 1 to wanted         | archive_command                  |
 * | any          | any      | 0, more than wanted | the above, and archive_timeout   |
 */
export function findMissing(
  { archiver, settings }: Pick<Observed, 'archiver' | 'settings'>,
  { timeoutSeconds }: WantedSettings,
): MissingSetting[] {
  const missing: MissingSetting[] = [];
  if (archiver.archiveMode === 'off') missing.push('archive_mode');
  if (settings.isCommandOurs === false) missing.push('archive_command');
  if (settings.timeoutSeconds === 0 || settings.timeoutSeconds > timeoutSeconds) missing.push('archive_timeout');
  return missing;
}

/** What to do, in the channel's words. @param rest what came of Patroni's REST API, where that is the channel */
export function explainMissing(
  missing: readonly MissingSetting[],
  wanted: WantedSettings,
  isRestartPending: boolean,
  rest?: RestOutcome,
): string {
  // By its name: of some replicas Patroni 3.0.2 does not know that a restart is pending.
  const restart = `restart Postgres to take it up: patronictl restart ${rest?.scope ?? '<scope>'} ${rest?.member ?? '<member>'}`;
  switch (wanted.channel) {
    case 'arguments':
      return 'restart the pod to take up the injected settings';
    case 'external':
      return explainExternal(missing, wanted, isRestartPending ? restart : undefined);
    case 'variable':
      return isRestartPending ? restart : `restart the pod to take up the injected settings; ${LOCAL_WINS}`;
    case 'rest':
      return explainRest(rest, wanted, isRestartPending ? restart : undefined, missing);
  }
}

const LOCAL_WINS =
  "if that does not help, Patroni's local configuration or ALTER SYSTEM sets them otherwise, and wins: set them there";

function explainExternal(missing: readonly MissingSetting[], wanted: WantedSettings, restart?: string): string {
  if (wanted.isPatroni) return restart ?? `set in Patroni's configuration: ${listParameters(missing, wanted)}`;
  const all = buildArchiveArguments(wanted.timeoutSeconds).filter((word) => word !== '-c');
  const options = all.filter((word) => missing.some((name) => word.startsWith(`${name}=`)));
  const words = options.map((word) => `-c ${word.includes(' ') ? word.replace(/=(.*)$/, "='$1'") : word}`);
  return `pass ${words.join(' ')} to Postgres; ${ANNOTATION.archiveSettings}: external leaves that to you`;
}

function listParameters(missing: readonly MissingSetting[], { timeoutSeconds }: WantedSettings): string {
  const all = Object.entries(buildPatroniParameters(timeoutSeconds));
  const picked = all.filter(([name]) => missing.some((each) => each === name));
  return `postgresql.parameters ${JSON.stringify(Object.fromEntries(picked))}`;
}

function explainRest(
  rest: RestOutcome | undefined,
  wanted: WantedSettings,
  restart: string | undefined,
  missing: readonly MissingSetting[],
): string {
  switch (rest?.kind) {
    case undefined:
      return "walguard is about to set them through Patroni's REST API";
    case 'failed':
      return `walguard cannot set them through Patroni's REST API: ${rest.why}; or set them yourself (patronictl edit-config): ${listParameters(missing, wanted)}`;
    case 'foreign':
      return `Patroni's configuration has an ${rest.parameter} that is not walguard's, which is left alone; to let walguard take its place, add the annotation ${ANNOTATION.archiveSettings}: take-over`;
    case 'in-place':
      return (
        restart ?? `they are in Patroni's configuration, which reaches Postgres within its loop_wait; ${LOCAL_WINS}`
      );
  }
}
