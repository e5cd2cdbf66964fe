// An agent's world, read once from its environment. Room: agent (door).
import { POSTGRES_PORT } from '../api/names.ts';
import { requireVariable } from '../lib/environment.ts';
import { createLogger, type Logger } from '../telemetry/log.ts';
import { type Engine, resolveEngine } from '../tools/engine.ts';
import type { Connection } from '../tools/postgres.ts';

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
    pgdata: requireVariable(env, 'PGDATA'),
    policyPrefix: requireVariable(env, 'WALGUARD_STORAGE_PREFIX'),
    connection: {
      host: env.PGHOST || '127.0.0.1',
      port: Number(env.PGPORT || POSTGRES_PORT),
      user: env.POSTGRES_USER || 'postgres',
      password: env.POSTGRES_PASSWORD,
    },
  };
}
