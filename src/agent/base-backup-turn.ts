// Which pod of a cluster takes the backup that is due: each pod's job decides by itself, from what all servers say.
// Room: agent (door).
import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, withClient } from '../tools/connection.ts';
import { queryInRecovery, querySystemIdentifier } from '../tools/postgres.ts';
import type { BaseBackupOptions } from './base-backup-options.ts';
import type { AgentContext } from './context.ts';

/** silent: it does not answer. stranger: another cluster under the same StatefulSet. */
export type MemberState = 'primary' | 'standby' | 'silent' | 'stranger';

export type Turn = 'take' | 'leave' | 'wait';

export interface Members {
  readonly own: 'primary' | 'standby';
  /** Of lower ordinals than one's own. */
  readonly before: readonly MemberState[];
  readonly after: readonly MemberState[];
}

/**
 * The primary alone, or the standby of the lowest ordinal that answers. Where nobody is seen who would take it, a failover may be
 * under way: all of them look again, and so the run is not lost.
 *
 * | from    | own     | a standby of a lower ordinal | any standby | a primary | a silent one | turn                |
 * | primary | primary |                              |             |           |              | take                |
 * | primary | standby |                              |             | yes       |              | leave               |
 * | primary | standby |                              |             | no        | yes          | wait, at last leave |
 * | primary | standby |                              |             | no        | no           | wait, at last leave |
 * | standby | standby | yes                          |             |           |              | leave               |
 * | standby | standby | no                           |             |           |              | take                |
 * | standby | primary |                              | yes         |           |              | leave               |
 * | standby | primary |                              | no          |           | yes          | wait, at last take  |
 * | standby | primary |                              | no          |           | no           | take                |
 *
 * Left at last, with no primary to be seen: all of them follow one elsewhere, which is not this database's to back up.
 */
export function decideTurn(from: 'primary' | 'standby', { own, before, after }: Members, isLast: boolean): Turn {
  const others = [...before, ...after];
  if (from === 'primary') {
    if (own === 'primary') return 'take';
    return others.includes('primary') || isLast || others.length === 0 ? 'leave' : 'wait';
  }
  if (own === 'standby') return before.includes('standby') ? 'leave' : 'take';
  if (others.includes('standby')) return 'leave';
  return others.includes('silent') && !isLast ? 'wait' : 'take';
}

const LOOK_MS = 5000;

export interface MyTurn {
  readonly isMine: boolean;
  /** Of a standby: the member that is its primary now. */
  readonly primary?: Connection;
}

export async function findTurn(
  { connection, log }: AgentContext,
  { from, members: services, turnSeconds }: Pick<BaseBackupOptions, 'from' | 'members' | 'turnSeconds'>,
  signal: AbortSignal,
): Promise<MyTurn> {
  const own = services.indexOf(connection.host);
  const end = Date.now() + turnSeconds * 1000;
  for (;;) {
    const systemIdentifier = await withClient(connection, querySystemIdentifier);
    const isStandby = await withClient(connection, queryInRecovery);
    const states = await Promise.all(
      services.map((host, index) => (index === own ? undefined : lookAt({ ...connection, host }, systemIdentifier))),
    );
    const turn = decideTurn(
      from,
      {
        own: isStandby ? 'standby' : 'primary',
        before: states.slice(0, Math.max(0, own)).filter((each) => each !== undefined),
        after: states.slice(own + 1).filter((each) => each !== undefined),
      },
      Date.now() >= end,
    );
    if (turn !== 'wait') {
      const primary = isStandby ? services[states.indexOf('primary')] : undefined;
      return {
        isMine: turn === 'take',
        ...(primary === undefined ? {} : { primary: { ...connection, host: primary } }),
      };
    }
    log.info({ states }, 'nobody is seen who would take this backup; looking again');
    await sleep(LOOK_MS, undefined, { signal });
  }
}

async function lookAt(connection: Connection, systemIdentifier: string): Promise<MemberState> {
  try {
    return await withClient(connection, async (client) => {
      await client.query(`set statement_timeout = ${LOOK_MS}`);
      if ((await querySystemIdentifier(client)) !== systemIdentifier) return 'stranger';
      return (await queryInRecovery(client)) ? 'standby' : 'primary';
    });
  } catch {
    return 'silent';
  }
}
