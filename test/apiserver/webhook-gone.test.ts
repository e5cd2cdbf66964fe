// The webhook is gone, and a real API server goes on: what walguard has no business with never waits, what is let in waits no
// longer than the timeout, the core rule holds, and nothing is stuck that is being deleted.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ANNOTATION } from '../../src/api/names.ts';
import type { CallAnswer } from '../support/api-calls.ts';
import { kubectl } from '../support/cluster-client.ts';
import { injected } from '../support/injected.ts';
import { buildWorkload } from '../support/workloads.ts';
import { at, isRefused, wordsOf } from './admission-policy.ts';
import { DATABASES, LET_IN, type Request, SPARED } from './bystanders.ts';
import {
  applyAdmissionPolicies,
  type BlackHole,
  createNamespace,
  messageOf,
  openBlackHole,
  type Stage,
  startStage,
  statefulSets,
  store,
  tryCreate,
  waitUntil,
} from './outage.ts';
import { applyConfigurations, findFreePort } from './webhook-process.ts';

/** What a busy machine may add to an answer; a webhook that is waited for adds at least one timeout, 5 s. */
const SLACK_MS = 1500;
const TIMEOUT_MS = 5000;
const REPEATS = 5;
const BARE = buildWorkload();
const NAMED = buildWorkload({ policy: 'standard' });
let stage: Stage;
let hole: BlackHole;
/** Best time of each bystander's request without any webhook. */
const undisturbed = new Map<string, number>();

before(async () => {
  stage = await startStage();
  hole = await openBlackHole();
  for (const [namespace, name, workload] of DATABASES) await store(stage.api, at(namespace, workload, name));
  const serviceAccount = '/api/v1/namespaces/mode-enforce/serviceaccounts/default';
  await waitUntil('the service account', async () => (await stage.api.call('GET', serviceAccount)).status === 200);
  for (const [name, request] of SPARED) undisturbed.set(name, Math.min(...(await time(request)).map(({ ms }) => ms)));
  await applyAdmissionPolicies(stage.cluster, 'enforce');
  await waitUntil('the policy', async () => isRefused(await tryCreate(stage.api, at('mode-enforce', BARE))));
});

after(async () => {
  await hole?.stop();
  await stage?.stop();
});

interface Timed {
  readonly ms: number;
  readonly answer: CallAnswer;
}

async function timeOnce([method, path, body, type]: Request): Promise<Timed> {
  const startedAt = performance.now();
  const answer = await stage.api.call(method, path, body, type);
  return { ms: performance.now() - startedAt, answer };
}

async function time(request: Request): Promise<Timed[]> {
  const all: Timed[] = [];
  for (let index = 0; index < REPEATS; index++) all.push(await timeOnce(request));
  for (const { answer } of all) assert.ok(answer.status < 300, `${request.slice(0, 2)}: ${answer.text}`);
  return all;
}

const OUTAGES = {
  'nobody listens': { port: findFreePort, isLeadTo: async () => /connection refused/.test(await protectedIsTold()) },
  'nobody answers': {
    port: async () => hole.port,
    isLeadTo: async () => /deadline exceeded/.test(await protectedIsTold()),
  },
} as const;

/** To whom creates a database with a policy where the mode is enforce. */
async function protectedIsTold(): Promise<string> {
  return messageOf(await tryCreate(stage.api, at('mode-enforce', NAMED)));
}

for (const [index, [outage, { port, isLeadTo }]] of Object.entries(OUTAGES).entries()) {
  describe(outage, () => {
    before(async () => {
      await applyConfigurations(stage.cluster, await port(), stage.ca);
      await waitUntil('the API server to ask the webhook', isLeadTo);
    });

    test('what walguard has no business with goes through, and nobody is asked about it', async (context) => {
      const asked = hole.count();
      let worst = 0;
      for (const [name, request] of SPARED) {
        const slowest = Math.max(...(await time(request)).map(({ ms }) => ms));
        const more = slowest - (undisturbed.get(name) ?? 0);
        worst = Math.max(worst, more);
        assert.ok(more < SLACK_MS, `${name}: ${Math.round(more)} ms more than without a webhook`);
      }
      context.diagnostic(
        `${SPARED.size} requests, ${REPEATS} times: at most ${Math.round(worst)} ms more than without a webhook`,
      );
      assert.equal(hole.count(), asked, 'connections to the webhook');
    });

    test('databases outside of enforce are let in, after the timeouts at most', async (context) => {
      const limit = outage === 'nobody listens' ? SLACK_MS : 2 * TIMEOUT_MS + SLACK_MS;
      const all = await Promise.all(LET_IN.map(([, request]) => timeOnce(request)));
      for (const [place, { ms, answer }] of all.entries()) {
        const name = LET_IN[place]?.[0];
        assert.ok(answer.status < 300, `${name}: ${answer.text}`);
        assert.ok(ms < limit, `${name}: ${Math.round(ms)} ms`);
      }
      context.diagnostic(`${all.length} requests, at most ${Math.round(Math.max(...all.map(({ ms }) => ms)))} ms`);
    });

    test('a database without a policy is refused at once where the mode or the default is enforce', async () => {
      for (const namespace of ['mode-enforce', 'default', 'misspelt']) {
        const workload = at(namespace, BARE, 'late');
        const { ms, answer } = await timeOnce(['POST', `${statefulSets(namespace)}?dryRun=All`, workload]);
        assert.ok(isRefused(answer), namespace);
        assert.match(wordsOf(answer), /^backup-required: StatefulSet "late": /);
        assert.ok(ms < SLACK_MS, `${namespace}: ${Math.round(ms)} ms`);
      }
    });

    test('where a namespace asked for it, one with a policy waits until the webhook is back', async () => {
      assert.match(
        await protectedIsTold(),
        /^Internal error occurred: failed calling webhook "enforce\.validate\.walguard\.dev"/,
      );
      const path = `${statefulSets('mode-enforce', 'protected')}?dryRun=All`;
      const change = { metadata: { annotations: { note: 'x' } } };
      const answer = await stage.api.call('PATCH', path, change, 'application/merge-patch+json');
      assert.match(messageOf(answer), /failed calling webhook "enforce\.validate\.walguard\.dev"/);
    });

    // In the foreground and with orphans the API server's garbage collector takes a finalizer away, which is an update.
    for (const policy of ['Foreground', 'Background', 'Orphan']) {
      test(`an enforced database is deleted: ${policy}`, async () => {
        const path = statefulSets('mode-enforce', `leaving-${policy.toLowerCase()}-${index}`);
        const answer = await stage.api.call('DELETE', path, { propagationPolicy: policy });
        assert.equal(answer.status, 200, answer.text);
        await waitUntil(policy, async () => (await stage.api.call('GET', path)).status === 404);
      });
    }

    test('a namespace with an enforced database inside is deleted', async () => {
      const name = `gone-${outage.replace(' ', '-')}`;
      await createNamespace(stage.api, name, 'off');
      await store(stage.api, at(name, injected(NAMED)));
      const label = { metadata: { labels: { 'walguard.dev/mode': 'enforce' } } };
      const path = `/api/v1/namespaces/${name}`;
      await stage.api.call('PATCH', path, label, 'application/merge-patch+json');
      await stage.api.call('DELETE', path);
      await waitUntil('the namespace to be gone', async () => (await stage.api.call('GET', path)).status === 404);
    });
  });
}

describe('uninstalled', () => {
  test('without the configurations and the policies everything is let in', async () => {
    const kinds = 'mutatingwebhookconfigurations,validatingwebhookconfigurations,validatingadmissionpolicybindings';
    await kubectl(stage.cluster, ['delete', `${kinds},validatingadmissionpolicies`, '--all']);
    for (const workload of [BARE, NAMED, buildWorkload({ container: { image: 'redis:7' } })]) {
      await waitUntil(
        'it to be let in',
        async () => (await tryCreate(stage.api, at('mode-enforce', workload))).status === 201,
      );
    }
    const path = `${statefulSets('mode-enforce', 'protected')}?dryRun=All`;
    const without = { metadata: { annotations: { [ANNOTATION.policy]: null } } };
    assert.equal((await stage.api.call('PATCH', path, without, 'application/merge-patch+json')).status, 200);
  });
});
