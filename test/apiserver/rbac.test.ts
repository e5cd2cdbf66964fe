// Webhook and controller under the chart's own permissions: nothing that they ask is refused, and nothing that they are
// granted goes unused. A rule of chart/templates/rbac.yaml that fails here is one too many.
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { mintAuthority, mintServing } from '../../src/tools/mint-certificate.ts';
import { type Cluster, down, up } from '../cluster/cluster.ts';
import { createApiCalls } from '../support/api-calls.ts';
import { kubectl, waitFor } from '../support/cluster-client.ts';
import { covers, describe, isRefused, isUsed, listGrants, listUses } from './rbac/permissions.ts';
import { type Controller, type Stage, setStage } from './rbac/stage.ts';
import { play, renewCertificates } from './rbac/story.ts';

const root = dirname(dirname(import.meta.dirname));
const COMPONENTS = ['webhook', 'controller'] as const;
let cluster: Cluster;

before(async () => {
  cluster = await up({ apiOnly: true });
  await kubectl(cluster, ['apply', '--server-side', '-f', join(root, 'chart', 'crds')]);
});

after(() => down({ apiOnly: true }));

test('with its own object store and certificates the chart grants what both programs need, and nothing more', async (context) => {
  const stage = await setStage(cluster, 'walguard-system', {});
  const { controller, startAnother } = await stage.start(context);
  await play(stage, context, 'shop');
  await renewCertificates(stage);
  await changeOver(controller, await startAnother());
  assertExact(stage);
  await assertRefused(stage);
});

test('with a bucket and a certificate of your own, too', async (context) => {
  const namespace = 'walguard-byo';
  const stage = await setStage(cluster, namespace, {
    'objectStore.enabled': false,
    'storage.s3.prefix': 's3://mine',
    'storage.s3.region': 'eu-central-1',
    'storage.copyCredentials': false,
    'webhook.tls.mode': 'secret',
    'webhook.tls.secretName': 'mine',
  });
  await bringCertificate(namespace);
  const { controller } = await stage.start(context);
  await play(stage, context, 'stock');
  await controller.stop();
  assertExact(stage);
});

/** As in a rollout: the new one is ready while it stands by, and leads soon after the old one was asked to go. */
async function changeOver(old: Controller, next: Controller): Promise<void> {
  const isLeading = async ({ ask }: Controller, value: 0 | 1) =>
    (await ask('/metrics'))[1].includes(`\nwalguard_controller_leading ${value}\n`);
  await waitFor('the new one to be ready', async () => (await next.ask('/readyz'))[0] === 200, { everyMs: 100 });
  assert.ok((await isLeading(old, 1)) && (await isLeading(next, 0)));
  await old.stop();
  // Less than the Lease's 15 s: it was given back.
  await waitFor('the new one to lead', () => isLeading(next, 1), { timeoutMs: 12_000, everyMs: 100 });
  assert.equal((await next.ask('/readyz'))[0], 200);
  await next.stop();
}

async function bringCertificate(namespace: string): Promise<void> {
  const ca = await mintAuthority(new Date());
  const leaf = await mintServing(ca, [`walguard-webhook.${namespace}.svc`], new Date());
  const stringData = { 'ca.crt': ca.cert, 'tls.crt': leaf.cert, 'tls.key': leaf.key };
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'mine', namespace }, stringData };
  await kubectl(cluster, ['create', '-f', '-'], JSON.stringify({ ...secret, type: 'kubernetes.io/tls' }));
}

function assertExact({ objects, userOf, namespace }: Stage): void {
  for (const component of COMPONENTS) {
    const grants = listGrants(objects, `walguard-${component}`);
    const uses = listUses(cluster.auditLog, userOf(component));
    assert.ok(grants.length > 3 && uses.length > 3, `${component}: ${grants.length} grants, ${uses.length} requests`);
    const refused = uses.filter(isRefused);
    assert.deepEqual([...new Set(refused.map(describe))], [], `${component} in ${namespace}: refused`);
    const unused = grants.filter((grant) => !isUsed(grant, uses));
    assert.deepEqual(unused.map(describe), [], `${component} in ${namespace}: granted and not needed`);
    const twice = grants.filter((grant) => grants.some((other) => other !== grant && covers(other, grant)));
    assert.deepEqual(twice.map(describe), [], `${component} in ${namespace}: granted twice`);
  }
}

async function assertRefused({ namespace, userOf }: Stage): Promise<void> {
  const { call, close } = createApiCalls(cluster.kubeconfig, 4);
  const isAllowed = async (user: string, question: string): Promise<boolean> => {
    const { verb, resource, subresource, group } = QUESTION.exec(question)?.groups ?? assert.fail(question);
    const spec = { user, resourceAttributes: { namespace, verb, resource, subresource, group } };
    const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
    const { text } = await call('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', review);
    return JSON.parse(text).status.allowed;
  };
  assert.equal(await isAllowed(userOf('webhook'), 'list backuppolicies.walguard.dev'), true, 'so that "no" means no');
  for (const user of COMPONENTS.map(userOf)) {
    for (const question of REFUSED) assert.equal(await isAllowed(user, question), false, `${user}: ${question}`);
  }
  close();
}

const QUESTION = /^(?<verb>\w+) (?<resource>\w+)(?:\/(?<subresource>\w+))?(?:\.(?<group>.+))?$/;

/** Without a name, so what is granted for one name alone is refused too. */
const REFUSED = [
  'delete statefulsets.apps',
  'patch statefulsets.apps',
  'update statefulsets.apps',
  'delete jobs.batch',
  'delete persistentvolumeclaims',
  'delete pods',
  'create pods',
  'create pods/exec',
  'get pods/log',
  'list secrets',
  'watch secrets',
  'get secrets',
  'update secrets',
  'delete secrets',
  'get configmaps',
  'list nodes',
  'list namespaces',
  'patch namespaces',
  'impersonate users',
  'create serviceaccounts/token',
  'update leases.coordination.k8s.io',
  'delete backuppolicies.walguard.dev',
  'patch backuppolicies.walguard.dev',
  'patch clusterroles.rbac.authorization.k8s.io',
  'create clusterrolebindings.rbac.authorization.k8s.io',
  'patch validatingwebhookconfigurations.admissionregistration.k8s.io',
  'update mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'delete mutatingwebhookconfigurations.admissionregistration.k8s.io',
] as const;
