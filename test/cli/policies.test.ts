// Where the policies come from by which an offline verb judges.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { EXIT } from '../../src/api/names.ts';
import { type StandIn, startStandIn, writeKubeconfig } from '../support/api-server.ts';
import type { Captured } from '../support/output.ts';
import { UNPROTECTED } from './manifests.ts';
import { runOffline, writeFiles } from './offline.ts';

const S3 = { prefix: 's3://own', credentialsSecret: 'own' };

function policy(name: string, spec: object = { storage: { s3: S3 } }): object {
  return { apiVersion: 'walguard.dev/v1alpha1', kind: 'BackupPolicy', metadata: { name }, spec };
}

/** Judges one database by the policy `gold`. */
async function check(context: TestContext, ...args: string[]): Promise<Captured<number>> {
  const directory = await writeFiles(context, { 'in.yaml': UNPROTECTED });
  return runOffline('check', '-f', directory, '--policy', 'gold', '-o', 'json', ...args);
}

async function checkBy(context: TestContext, files: Readonly<Record<string, string>>): Promise<Captured<number>> {
  return check(context, '--policies', await writeFiles(context, files));
}

/** The default kubeconfig, for as long as the test runs. */
function useKubeconfig(context: TestContext, path: string): void {
  const before = process.env.KUBECONFIG;
  process.env.KUBECONFIG = path;
  context.after(() => {
    if (before === undefined) delete process.env.KUBECONFIG;
    else process.env.KUBECONFIG = before;
  });
}

function serve(context: TestContext, status: number, body: unknown): Promise<StandIn> {
  return startStandIn(context, () => [status, body]);
}

test('--policies: every BackupPolicy of the directory, whatever else is there', async (context) => {
  const files = { 'a.json': JSON.stringify(policy('gold')), 'b.yaml': 'kind: Service\n---\n', 'c.md': '#' };
  const { result, stderr } = await checkBy(context, files);
  assert.equal(result, EXIT.ok);
  assert.match(stderr, /^policies: gold \(from /m);
  assert.doesNotMatch(stderr, /storage of/);
});

test("a policy without storage gets the chart's, which is said once", async (context) => {
  const files = { 'a.json': JSON.stringify(policy('gold', {})), 'b.json': JSON.stringify(policy('tin', {})) };
  const { result, stderr } = await checkBy(context, files);
  assert.equal(result, EXIT.ok);
  assert.match(stderr, /^storage of gold, tin: the object store that the chart installs by default$/m);
});

test('a policy that is wrong is refused with the path of its field', async (context) => {
  const spec = { storage: { s3: S3 }, archive: { timeout: 'soon' } };
  const { result, stdout } = await checkBy(context, { 'a.json': JSON.stringify(policy('gold', spec)) });
  assert.equal(result, EXIT.failed);
  assert.match(stdout, /"code": "policy-invalid",\s+"field": "BackupPolicy\/gold spec\.archive\.timeout"/);
});

test('a policy that is there twice, and a directory that is not there: 1, and where', async (context) => {
  const twice = { 'a.json': JSON.stringify(policy('gold')), 'b.json': JSON.stringify(policy('gold')) };
  const { result, stderr, stdout } = await checkBy(context, twice);
  assert.deepEqual([result, stdout], [EXIT.failed, '']);
  assert.match(stderr, /b\.json:1: BackupPolicy "gold" is there twice\. Keep one\./);
  const missing = await check(context, '--policies', '/nowhere');
  assert.equal(missing.result, EXIT.failed);
  assert.match(missing.stderr, /^\/nowhere: there is no such file or directory/m);
});

test('--kubeconfig: the policies of that cluster', async (context) => {
  const server = await serve(context, 200, { items: [policy('gold')] });
  const { result, stderr } = await check(context, '--kubeconfig', server.kubeconfig);
  assert.equal(result, EXIT.ok);
  assert.match(stderr, /^policies: gold \(from the cluster\)$/m);
  assert.deepEqual(
    server.asked.map(({ path }) => path),
    ['/apis/walguard.dev/v1alpha1/backuppolicies'],
  );
});

for (const [name, status] of [
  ['forbids it', 403],
  ['has no walguard', 404],
] as const) {
  test(`--kubeconfig: a cluster that ${name}: 4, and no result`, async (context) => {
    const server = await serve(context, status, { message: 'no' });
    const { result, stdout, stderr } = await check(context, '--kubeconfig', server.kubeconfig);
    assert.deepEqual([result, stdout], [EXIT.unreachable, '']);
    assert.match(stderr, /the policies cannot be read from the cluster: /);
  });
}

test('--context: one that does not exist: 4', async (context) => {
  const kubeconfig = await writeKubeconfig(context, 'http://127.0.0.1:1');
  const { result } = await check(context, '--kubeconfig', kubeconfig, '--context', 'other');
  assert.equal(result, EXIT.unreachable);
});

test('the cluster of the default kubeconfig, when there is one', async (context) => {
  const server = await serve(context, 200, { items: [policy('gold')] });
  useKubeconfig(context, server.kubeconfig);
  assert.equal((await check(context)).result, EXIT.ok);
});

test('a default cluster that cannot be reached or has no walguard: the built-in policies, and why', async (context) => {
  useKubeconfig(context, await writeKubeconfig(context, 'http://127.0.0.1:1'));
  const unreachable = await check(context, '--policy', 'standard');
  assert.equal(unreachable.result, EXIT.ok);
  assert.match(unreachable.stderr, /^policies: .*\bstandard\b.* \(built in; fetch failed .+\)$/m);
  useKubeconfig(context, (await serve(context, 404, {})).kubeconfig);
  const bare = await check(context, '--policy', 'standard');
  assert.match(bare.stderr, /^policies: .*\bstandard\b.* \(built in; walguard is not installed in the cluster\)$/m);
});

test('without a kubeconfig: the built-in policies', async (context) => {
  useKubeconfig(context, '/nowhere/config');
  const { result, stderr } = await check(context, '--policy', 'standard');
  assert.equal(result, EXIT.ok);
  assert.match(stderr, /^policies: .*\bstandard\b.* \(built in; no cluster is configured\)$/m);
});

test('a directory and a cluster do not go together: 2', async (context) => {
  const { result, stderr } = await check(context, '--policies', '.', '--context', 'x');
  assert.equal(result, EXIT.usage);
  assert.match(stderr, /cannot be used with/);
});
