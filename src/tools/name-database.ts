// SQL by which a database that was loaded gets its name, and what no dump of one database holds: owner, rights and settings.
// Room: tools.
import { formatSetting, quoteIdentifier, quoteLiteral } from '../lib/database-settings.ts';
import type { Client } from './connection.ts';
import { inTransaction } from './sessions.ts';

export interface Naming {
  readonly work: string;
  readonly name: string;
  readonly mark: string;
  /** Whose owner, rights, settings, limit it gets, where it is there. */
  readonly like: string;
  /** Where that is not there. */
  readonly owner: string;
}

/** All at once: what was verified gets its name, its owner, rights and settings, and our mark. */
export async function nameDatabase(client: Client, naming: Naming): Promise<void> {
  const { work, name, mark, like, owner } = naming;
  const model = await readModel(client, like);
  const at = quoteIdentifier(work);
  await inTransaction(client, async () => {
    await client.query(`alter database ${at} owner to ${quoteIdentifier(model?.owner ?? owner)}`);
    await client.query(`alter database ${at} connection limit ${model?.limit ?? -1}`);
    for (const statement of model === undefined ? [] : [...formatRights(at, model), ...formatSettings(at, model)])
      await client.query(statement);
    await client.query(`comment on database ${at} is ${quoteLiteral(mark)}`);
    await client.query(`alter database ${at} rename to ${quoteIdentifier(name)}`);
  });
}

interface Right {
  /** Null: PUBLIC. */
  readonly role: string | null;
  readonly privilege: string;
  readonly grantable: boolean;
}

interface Model {
  readonly owner: string;
  readonly limit: number;
  /** Null where nobody ever granted or revoked. */
  readonly rights: readonly Right[] | null;
  readonly settings: readonly { readonly role: string | null; readonly setting: string }[];
}

const MODEL = `
  select pg_get_userbyid(datdba)::text as owner, datconnlimit as "limit",
         case when datacl is not null then coalesce((
           select jsonb_agg(jsonb_build_object('privilege', privilege_type, 'grantable', is_grantable,
                            'role', case when grantee <> 0 then pg_get_userbyid(grantee) end))
             from aclexplode(datacl)), '[]') end as rights,
         coalesce((select jsonb_agg(jsonb_build_object('setting', setting, 'role',
                          case when setrole <> 0 then pg_get_userbyid(setrole) end))
             from pg_db_role_setting, unnest(setconfig) setting where setdatabase = d.oid), '[]') as settings
    from pg_database d where datname = $1`;

async function readModel(client: Client, name: string): Promise<Model | undefined> {
  return (await client.query(MODEL, [name])).rows[0];
}

function formatRights(at: string, { owner, rights }: Model): string[] {
  if (rights === null) return [];
  return [
    `revoke all on database ${at} from public, ${quoteIdentifier(owner)}`,
    ...rights.map(({ role, privilege, grantable }) => {
      const to = role === null ? 'public' : quoteIdentifier(role);
      return `grant ${privilege} on database ${at} to ${to}${grantable ? ' with grant option' : ''}`;
    }),
  ];
}

function formatSettings(at: string, { settings }: Model): string[] {
  return settings.map(({ role, setting }) =>
    role === null
      ? `alter database ${at} set ${formatSetting(setting)}`
      : `alter role ${quoteIdentifier(role)} in database ${at} set ${formatSetting(setting)}`,
  );
}
