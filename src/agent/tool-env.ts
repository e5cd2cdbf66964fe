// The environment of Postgres's own tools that log in at the database as we do. Room: agent (door).
import { toolPath } from '../lib/dump-plan.ts';
import type { AgentContext } from './context.ts';
import { buildConnectionEnv } from './storage.ts';

/** TLS as our own connection has it: where the server asks for it. @param name that the server shows; @param major its own */
export async function buildToolEnv(
  context: AgentContext,
  name: string,
  major: number,
): Promise<Record<string, string>> {
  const { PGDATABASE: _byEachCall, ...login } = await buildConnectionEnv(context);
  return {
    ...(login as Record<string, string>),
    PGSSLMODE: 'allow',
    PGCONNECT_TIMEOUT: '10',
    PGAPPNAME: name,
    PATH: toolPath(major),
  };
}
