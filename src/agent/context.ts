// An agent's world, read once from its environment. Room: agent (door).
import { POSTGRES_PORT } from '../api/names.ts';
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
    namespace: required(env, 'WALGUARD_NAMESPACE'),
    database: required(env, 'WALGUARD_DATABASE'),
    pod: required(env, 'WALGUARD_POD'),
    node: env.WALGUARD_NODE ?? '',
    pgdata: required(env, 'PGDATA'),
    policyPrefix: required(env, 'WALGUARD_STORAGE_PREFIX'),
    connection: {
      host: env.PGHOST || '127.0.0.1',
      port: Number(env.PGPORT || POSTGRES_PORT),
      user: env.POSTGRES_USER || 'postgres',
      password: env.POSTGRES_PASSWORD,
    },
  };
}

export function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (!value) throw new Error(`the environment variable ${name} is missing; walguard sets it in the pods it makes`);
  return value;
}
