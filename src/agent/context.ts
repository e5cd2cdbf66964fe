// An agent's world, read once from its environment. Room: agent (door).
import { POSTGRES_PORT } from '../api/names.ts';
import type { Login } from '../flavour/flavour.ts';
import { FLAVOURS } from '../flavour/index.ts';
import { requireVariable } from '../lib/environment.ts';
import { createLogger, type Logger } from '../telemetry/log.ts';
import type { Connection } from '../tools/connection.ts';
import { type Engine, resolveEngine } from '../tools/engine.ts';
import { type ArchiveCare, readArchiveCare } from './archive-care.ts';
import { readWantedSettings, type WantedSettings } from './settings.ts';

export interface AgentContext {
  readonly log: Logger;
  readonly engine: Engine;
  readonly env: NodeJS.ProcessEnv;
  readonly namespace: string;
  readonly database: string;
  readonly pod: string;
  readonly node: string;
  readonly pgdata: string;
  /** The policy's prefix; below it each cluster has its own. */
  readonly policyPrefix: string;
  readonly connection: Connection;
  readonly wanted: WantedSettings;
  readonly care: ArchiveCare;
}

export function readContext(companion: string, env: NodeJS.ProcessEnv): AgentContext {
  return {
    log: createLogger(companion),
    engine: resolveEngine(env.WALGUARD_ENGINE),
    env,
    namespace: requireVariable(env, 'WALGUARD_NAMESPACE'),
    database: requireVariable(env, 'WALGUARD_DATABASE'),
    pod: requireVariable(env, 'WALGUARD_POD'),
    node: env.WALGUARD_NODE ?? '',
    pgdata: readDataDirectory(env),
    policyPrefix: requireVariable(env, 'WALGUARD_STORAGE_PREFIX'),
    // Not PGHOST and PGPORT: a source of the user's variables may set those, for clients of its own.
    connection: {
      host: env.WALGUARD_PGHOST || '127.0.0.1',
      port: Number(env.WALGUARD_PGPORT || POSTGRES_PORT),
      ...readLogin(env),
    },
    wanted: readWantedSettings(env),
    care: readArchiveCare(env),
  };
}

/** PGDATA, where a source of the user's variables sets it, is what Postgres itself goes by. */
function readDataDirectory(env: NodeJS.ProcessEnv): string {
  return (env.PGDATA || requireVariable(env, 'WALGUARD_PGDATA')).replace(/(?<=.)\/+$/, '');
}

function readLogin(env: NodeJS.ProcessEnv): Login {
  const id = requireVariable(env, 'WALGUARD_FLAVOUR');
  const flavour = FLAVOURS.find((each) => each.id === id);
  // Kubernetes leaves a reference to nothing as it stands; it is no user's name and no password.
  const resolved = Object.fromEntries(Object.entries(env).filter(([, value]) => !/^\$\([^)]*\)$/.test(value ?? '')));
  if (flavour) return flavour.login(resolved);
  throw new Error(`WALGUARD_FLAVOUR is "${id}"; there are ${FLAVOURS.map((each) => each.id).join(', ')}`);
}
