// A restore in place on real pods: a database of about one gigabyte that clients hammer goes back to a moment. Its old data are
// kept, the clients come back, and pgbench's own books balance; then it is undone.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { down } from '../cluster/cluster.ts';
import { type CommandResult, getObject, kubectl, tryKubectl, waitFor } from '../support/cluster-client.ts';
import { walguard } from '../support/walguard.ts';
import { type Life, NAMESPACE, raise } from './life.ts';

const own = ['-n', NAMESPACE];
/** Of pgbench: 100,000 accounts each, about 15 MB. */
const SCALE = Number(process.env.WALGUARD_E2E_SCALE || 70);
const DATA = '/var/lib/postgresql/data';

let life: Life;

before(async () => {
  life = await raise('orders');
});

after(() => down());

const sql = (statement: string) => life.sql('orders', statement);
const exec = (...command: string[]) =>
  kubectl(life.cluster, [...own, 'exec', 'orders-0', '-c', 'postgres', '--', ...command]);

function tryRestore(...args: string[]): Promise<CommandResult> {
  return walguard(life.cluster, 'restore', ...own, '--timeout', '900', ...args);
}

/** What all tellers, branches and accounts were given is what the history tells. */
async function assertBalanced(): Promise<void> {
  const sums = await sql(
    'select (select sum(abalance) from pgbench_accounts) = d and (select sum(tbalance) from pgbench_tellers) = d and (select sum(bbalance) from pgbench_branches) = d from (select coalesce(sum(delta), 0) as d from pgbench_history) as h',
  );
  assert.equal(sums, 't');
}

/** Clients that begin anew whenever they lose the database, until they are told to end. */
function hammer(): { readonly end: () => Promise<number> } {
  const stop = new AbortController();
  let runs = 0;
  const work = (async () => {
    while (!stop.signal.aborted) {
      const args = [...own, 'exec', 'orders-0', '-c', 'postgres', '--', 'pgbench', '-U', 'postgres'];
      const { code } = await tryKubectl(life.cluster, [...args, '-n', '-c', '4', '-j', '2', '-T', '5', 'postgres']);
      if (code === 0) runs++;
      else await sleep(500);
    }
  })();
  return {
    end: async () => {
      stop.abort();
      await work;
      return runs;
    },
  };
}

const now = () => sql(`select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`);
const countHistory = async () => Number(await sql('select count(*) from pgbench_history'));
const clusterId = async () => (await life.status('orders'))?.instances?.[0]?.clusterId ?? '';

describe('a restore in place', () => {
  let then: string;
  let counted: number;
  let clients: ReturnType<typeof hammer> | undefined;

  before(async () => {
    // The old data are kept beside PGDATA, where its user may write by the pod's group.
    const spec = { template: { spec: { securityContext: { fsGroup: 999, fsGroupChangePolicy: 'OnRootMismatch' } } } };
    await kubectl(life.cluster, [
      ...own,
      'patch',
      'statefulset',
      'orders',
      '--type=merge',
      '-p',
      JSON.stringify({ spec }),
    ]);
    await kubectl(life.cluster, [...own, 'rollout', 'status', 'statefulset/orders', '--timeout=120s']);
    await exec('pgbench', '-U', 'postgres', '-i', '-q', '-s', String(SCALE), 'postgres');
    await life.runNow('orders-0', 'base-backup', 'after-pgbench');
    await exec('pgbench', '-U', 'postgres', '-n', '-c', '4', '-j', '2', '-T', '10', 'postgres');
    counted = await countHistory();
    then = await now();
    clients = hammer();
    await waitFor('the clients to be at work', async () => (await countHistory()) > counted + 100);
  });

  after(() => clients?.end());

  test('is refused without its name, and where the target cannot be reached; the database runs on', async () => {
    assert.equal((await tryRestore('orders', '--to-time', then, '--in-place')).code, 2);
    assert.equal((await tryRestore('orders', '--to-time', then, '--in-place', '--confirm', 'order')).code, 2);
    const uid = (await getObject(life.cluster, NAMESPACE, 'pod', 'orders-0')).metadata.uid;
    const { code, stderr } = await tryRestore('orders', '--to-xid', '4000000000', '--in-place', '--confirm', 'orders');
    assert.equal(code, 1, stderr);
    assert.match(stderr, /nothing was touched/);
    assert.equal((await getObject(life.cluster, NAMESPACE, 'pod', 'orders-0')).metadata.uid, uid);
  });

  test('brings back that moment while clients hammer it, and keeps the old data aside', async (context) => {
    const old = await clusterId();
    const begun = performance.now();
    const { code, stderr } = await tryRestore('orders', '--to-time', then, '--in-place', '--confirm', 'orders');
    assert.equal(code, 0, stderr);
    context.diagnostic(`in place, ${SCALE * 15} MB: ${Math.round((performance.now() - begun) / 1000)} s`);
    assert.match(
      stderr,
      /The old data are kept in \/var\/lib\/postgresql\/data\/pgdata\.before-.*walguard restore --undo/,
    );
    await waitFor('clients to be back', async () => (await countHistory().catch(() => 0)) > counted);
    assert.ok(((await clients?.end()) ?? 0) > 0);
    // What was committed after the moment is not among what came back: the clients' new rows are younger than the restore.
    const between = `select count(*) from pgbench_history where mtime > '${then}'::timestamptz at time zone 'UTC' and mtime < (select pg_postmaster_start_time() at time zone 'UTC')`;
    assert.equal(await sql(between), '0');
    await assertBalanced();
    assert.match(await exec('ls', DATA), /pgdata\.before-/);
    await waitFor('it to archive as another cluster, with a base backup of its own', async () => {
      const instance = (await life.status('orders'))?.instances?.[0];
      return instance?.clusterId?.startsWith(`${old}-r`) && instance.lastSuccessfulBackup !== undefined;
    });
    await life.archiveNow('orders');
  });

  test('is undone: the data of before are back, with all that they had', async () => {
    const [restore] = (await kubectl(life.cluster, [...own, 'get', 'restores', '-o', 'name']))
      .split('\n')
      .filter((name) => !/xid/.test(name))
      .map((name) => name.split('/').at(-1) ?? '');
    const { code, stderr } = await tryRestore('--undo', restore ?? '', '--confirm', 'orders');
    assert.equal(code, 0, stderr);
    await waitFor('the database', async () => (await countHistory().catch(() => 0)) > 0);
    assert.ok((await countHistory()) > counted + 100);
    await assertBalanced();
    assert.match(await exec('ls', DATA), /pgdata\.of-/);
    await waitFor('it to archive as it did', async () => /^\d+$/.test(await clusterId()));
    await life.archiveNow('orders');
  });
});
