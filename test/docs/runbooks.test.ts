// The runbooks of the README without a cluster: each runs through with programs that only note what they were asked, and walguard
// understands what is typed there. test/e2e/runbooks.test.ts runs them for real.
import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EXIT } from '../../src/api/names.ts';
import type { Restore } from '../../src/api/restore.ts';
import { runCli } from '../../src/cli/cli.ts';
import { repositoryDir } from '../cluster/checkout.ts';
import { startStandIn } from '../support/api-server.ts';
import { captureOutput } from '../support/output.ts';
import { readRunbooks, runBlock } from '../support/runbooks.ts';
import { makeTempDir } from '../support/temp.ts';

const runbooks = readRunbooks();

test('the five runbooks are there, before all long explanations', async () => {
  assert.deepEqual(
    [...runbooks.keys()],
    ['Restore now', 'Dropped table', 'Corrupted database', 'Lost node', 'Lost cluster'],
  );
  const readme = await readFile(join(repositoryDir, 'README.md'), 'utf8');
  const headings = [...readme.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
  assert.deepEqual(headings.slice(0, 2), ['Two commands', 'Runbooks']);
});

test('"Restore now" takes five lines', () => {
  assert.equal(runbooks.get('Restore now')?.[0]?.trimEnd().split('\n').length, 5);
});

const STUBS: Readonly<Record<string, string>> = {
  walguard: '(IFS=$\'\\t\'; echo "$*") >> walguard.calls',
  kubectl:
    'echo "kubectl $*" >> other.calls; case "$*" in *" -f -"* | *" -i "*) cat >> input ;; *) echo a-name ;; esac',
  helm: 'echo "helm $*" >> other.calls',
};

interface Asked {
  /** Arguments of each call of walguard. */
  readonly typed: readonly (readonly string[])[];
  readonly others: string;
  /** What was piped into kubectl. */
  readonly input: string;
}

async function rehearse(context: TestContext, block: string): Promise<Asked> {
  const directory = await makeTempDir(context);
  const programs = join(directory, 'bin');
  await mkdir(programs);
  for (const [name, script] of Object.entries(STUBS)) {
    await writeFile(join(programs, name), `#!/bin/bash\n${script}\n`);
    await chmod(join(programs, name), 0o755);
  }
  await writeFile(join(directory, 'orders.yaml'), 'spec:\n  replicas: 1\n');
  const { code, stderr } = await runBlock(block, directory, programs, {});
  assert.equal(code, 0, stderr);
  assert.equal(stderr, '');
  const read = (name: string) => readFile(join(directory, name), 'utf8').catch(() => '');
  const calls = (await read('walguard.calls')).split('\n').filter(Boolean);
  return {
    typed: calls.map((line) => line.split('\t')),
    others: await read('other.calls'),
    input: await read('input'),
  };
}

/** Of a cluster in which every Restore is Completed at once: what was asked of it. */
async function ask(context: TestContext, args: readonly string[]): Promise<Restore['spec'] | undefined> {
  let created: object | undefined;
  const server = await startStandIn(context, ({ method, body }) => {
    if (method === 'POST') created = body as object;
    return [200, { ...created, status: { phase: 'Completed' } }];
  });
  const all = [...args, '--kubeconfig', server.kubeconfig];
  const { result, stderr } = await captureOutput(() => runCli('walguard', all, '1.2.3', new AbortController().signal));
  assert.equal(result, EXIT.ok, stderr);
  assert.ok(server.asked.every(({ path }) => path.includes('/namespaces/shop/')));
  return (created as Restore | undefined)?.spec;
}

/** What each asks for, in the end. */
const DESTINATIONS: Readonly<Record<string, object>> = {
  'Restore now': { statefulSet: 'orders-restored' },
  'Dropped table': { statefulSet: 'orders-before' },
  'Corrupted database': { inPlace: { confirm: 'orders' } },
  'Lost node': { claim: 'data-orders-0' },
  'Lost cluster': { claim: 'data-orders-0' },
};

for (const [heading, blocks] of runbooks) {
  test(`"${heading}" runs through, and walguard understands what is typed there`, async (context) => {
    const { typed } = await rehearse(context, blocks.join(''));
    assert.ok(typed.length > 0);
    const specs: (Restore['spec'] | undefined)[] = [];
    for (const args of typed) specs.push(await ask(context, args));
    assert.deepEqual(specs.at(-1)?.destination, DESTINATIONS[heading]);
  });
}

test('"Lost cluster" names the folder of the database, and applies a pattern without replicas', async (context) => {
  const { typed, input } = await rehearse(context, runbooks.get('Lost cluster')?.[0] ?? '');
  assert.equal(typed[0]?.[typed[0].indexOf('--from') + 1], 's3://walguard/shop/orders');
  assert.equal(input, 'spec:\n  replicas: 0\n');
});

test('"Lost node" keeps the old volume, whatever its class says, before the claim goes', async (context) => {
  const { others } = await rehearse(context, runbooks.get('Lost node')?.[0] ?? '');
  const lines = others.split('\n');
  const kept = lines.findIndex((line) => line.startsWith('kubectl patch pv a-name') && line.includes('"Retain"'));
  assert.ok(kept >= 0 && kept < lines.indexOf('kubectl -n shop delete pvc data-orders-0'), others);
});
