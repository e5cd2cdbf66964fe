// Every mode x every verb x every kind of StatefulSet on a real API server, against the table; and the texts as golden file.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { type ApiCalls, createApiCalls } from '../support/api-calls.ts';
import { type Live, waitFor } from '../support/cluster-client.ts';
import { assertGolden } from '../support/golden.ts';
import { type Admission, startAdmission } from './admission.ts';
import {
  ask,
  buildBefore,
  CELLS,
  type Cell,
  formatTable,
  keyOf,
  MODES,
  namespaceOf,
  pathOf,
  readAnswer,
  readTable,
  TABLE,
} from './admission-table.ts';

let admission: Admission;
let calls: ApiCalls;
const answers = new Map<string, { readonly cell: string; readonly text: string }>();

before(async () => {
  admission = await startAdmission(async (cluster) => {
    calls = createApiCalls(cluster.kubeconfig, 8);
    const metadata = { name: namespaceOf('none') };
    await calls.call('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata });
    await Promise.all(CELLS.map(storeBefore));
  });
  // In one go: each cell has an object of its own.
  await Promise.all(CELLS.map(async (cell) => answers.set(keyOf(cell), readAnswer(await ask(calls, cell)))));
});

after(() => {
  calls?.close();
  return admission?.stop();
});

async function storeBefore(cell: Cell): Promise<void> {
  const workload = buildBefore(cell);
  if (!workload) return;
  const { status, text } = await calls.call('POST', pathOf(namespaceOf(cell.mode)), workload);
  assert.equal(status, 201, text);
}

test('the whole table', (context) => {
  const seen = formatTable(new Map([...answers].map(([key, { cell }]) => [key, cell])));
  for (const line of seen.split('\n')) context.diagnostic(line);
});

for (const mode of MODES) {
  describe(`mode ${mode}`, () => {
    const expected = readTable(TABLE);
    for (const cell of CELLS.filter((each) => each.mode === mode)) {
      test(`${cell.state}, ${cell.verb}: ${expected.get(keyOf(cell))}`, () => {
        const { cell: seen, text } = answers.get(keyOf(cell)) ?? assert.fail();
        assert.equal(seen, expected.get(keyOf(cell)), text);
      });
    }
  });
}

/** Each text once, below all the cells that it was said in. */
function groupByText(said: readonly (readonly [cell: Cell, text: string])[]): string {
  const groups = Map.groupBy(said, ([, text]) => text);
  const sections = [...groups].map(([text, all]) => `${all.map(([cell]) => `# ${keyOf(cell)}`).join('\n')}\n${text}\n`);
  return sections.join('\n');
}

/** What the audit log keeps of the one request of a cell, by the webhooks' own keys. */
async function readAudit(): Promise<Map<string, Readonly<Record<string, string>>>> {
  const VERB_OF = {
    create: 'create',
    'dry-run': 'create',
    update: 'update',
    replace: 'update',
    apply: 'patch',
    patch: 'patch',
  };
  const events = readFileSync(admission.cluster.auditLog, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Live)
    .filter(({ objectRef, responseStatus }) => objectRef.resource === 'statefulsets' && responseStatus.code !== 409);
  const found = CELLS.flatMap((cell) => {
    const verb = (VERB_OF as Partial<Record<string, string>>)[cell.verb];
    const event = events.findLast(
      (each) =>
        each.verb === verb &&
        each.objectRef.namespace === namespaceOf(cell.mode) &&
        each.objectRef.name === `${cell.state}-${cell.verb}`,
    );
    const own = Object.entries<string>(event?.annotations ?? {}).filter(([key]) => key.includes('walguard.dev/'));
    return event ? [[keyOf(cell), Object.fromEntries(own.sort())] as const] : [];
  });
  return new Map(found);
}

test('the audit log has a verdict for each request that the webhook was asked about, and for no other', async () => {
  const asked = CELLS.filter(({ verb }) => verb !== 'scale' && verb !== 'delete');
  const audit = await waitFor('the audit log', async () => {
    const read = await readAudit();
    return read.size === asked.length && read;
  });
  const said = asked.map((cell) => {
    const annotations = audit.get(keyOf(cell)) ?? assert.fail(keyOf(cell));
    const verdicts = Object.keys(annotations).filter((key) => key.includes('validate') && key.endsWith('/verdict'));
    // Redis is not even asked about, until it names a policy.
    const isAsked = cell.mode !== 'off' && (cell.state !== 'not-postgres' || cell.verb === 'patch');
    const name = cell.mode === 'none' ? 'default' : cell.mode;
    assert.deepEqual(verdicts, isAsked ? [`${name}.validate.walguard.dev/verdict`] : [], keyOf(cell));
    const text = Object.entries(annotations).map(([key, value]) => `${key}: ${value}`);
    return [cell, text.join('\n') || 'nothing'] as const;
  });
  assertGolden(new URL('golden/audit-annotations.txt', import.meta.url), groupByText(said));
});

test('what a dry run was asked for is not there', async () => {
  for (const cell of CELLS.filter(({ verb }) => verb === 'dry-run')) {
    const { status } = await calls.call('GET', pathOf(namespaceOf(cell.mode), `${cell.state}-dry-run`));
    assert.equal(status, 404, keyOf(cell));
  }
});

test('the texts read as the golden file has them', () => {
  const said = CELLS.flatMap((cell) => {
    const text = answers.get(keyOf(cell))?.text.replaceAll(`"${cell.state}-${cell.verb}"`, '"NAME"') ?? '';
    return text === '' ? [] : [[cell, text] as const];
  });
  assertGolden(new URL('golden/admission-table.txt', import.meta.url), groupByText(said));
});
