// The three ways in which the webhook comes to its certificate.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { find, podSpecOf, type Rendered, render } from './render.ts';

type Spec = Readonly<Record<string, never>>;

const withTls = (tls: object) => ({ webhook: { tls } });
const certManagerKinds = (objects: readonly Rendered[]) =>
  objects.filter(({ apiVersion }) => apiVersion === 'cert-manager.io/v1');

test('webhook and controller use the same Secret, and only in managed mode it is minted', async () => {
  for (const [tls, name, isMinted] of [
    [{}, 'walguard-webhook-tls', 'true'],
    [{ mode: 'secret', secretName: 'mine' }, 'mine', 'false'],
    [{ mode: 'certManager' }, 'walguard-webhook-tls', 'false'],
  ] as const) {
    const objects = await render(withTls(tls));
    const volume = podSpecOf(find(objects, 'Deployment', 'walguard-webhook'))?.volumes?.find(
      (each) => each.name === 'tls',
    );
    assert.deepEqual(volume?.secret, {
      secretName: name,
      items: [
        { key: 'tls.crt', path: 'tls.crt' },
        { key: 'tls.key', path: 'tls.key' },
      ],
    });
    const env = podSpecOf(find(objects, 'Deployment', 'walguard-controller'))?.containers[0]?.env;
    const read = (variable: string) => env?.find((each) => each.name === variable)?.value;
    assert.deepEqual([read('WALGUARD_TLS_SECRET'), read('WALGUARD_MINT_CERTIFICATE')], [name, isMinted]);
  }
});

test('nothing of cert-manager is rendered in the other modes', async () => {
  for (const tls of [{}, { mode: 'secret', secretName: 'mine' }]) {
    assert.deepEqual(certManagerKinds(await render(withTls(tls))), []);
  }
});

test('cert-manager gets a CA of its own, and a leaf under it for the names by which the API server calls', async () => {
  const objects = await render(withTls({ mode: 'certManager' }), { namespace: 'backups' });
  assert.deepEqual(
    certManagerKinds(objects).map(({ kind, metadata }) => `${kind}/${metadata.name} in ${metadata.namespace}`),
    [
      'Issuer/walguard-selfsigned in backups',
      'Certificate/walguard-webhook-ca in backups',
      'Issuer/walguard-webhook-ca in backups',
      'Certificate/walguard-webhook in backups',
    ].sort((a, b) => sortKey(objects, a) - sortKey(objects, b)),
  );
  const ca = find(objects, 'Certificate', 'walguard-webhook-ca').spec as unknown as Spec;
  const leaf = find(objects, 'Certificate', 'walguard-webhook').spec as unknown as Spec;
  assert.equal(ca.isCA, true);
  assert.deepEqual(ca.issuerRef, { name: 'walguard-selfsigned', kind: 'Issuer', group: 'cert-manager.io' });
  assert.deepEqual(find(objects, 'Issuer', 'walguard-selfsigned').spec, { selfSigned: {} });
  assert.deepEqual(find(objects, 'Issuer', 'walguard-webhook-ca').spec, { ca: { secretName: ca.secretName } });
  assert.deepEqual(leaf.issuerRef, { name: 'walguard-webhook-ca', kind: 'Issuer', group: 'cert-manager.io' });
  assert.equal(leaf.secretName, 'walguard-webhook-tls');
  assert.deepEqual(leaf.dnsNames, ['walguard-webhook.backups.svc', 'walguard-webhook.backups.svc.cluster.local']);
  assert.equal(leaf.isCA, undefined);
});

test('with an issuer of your own the leaf alone is rendered', async () => {
  for (const [issuerRef, expected] of [
    [{ name: 'corporate' }, { name: 'corporate', kind: 'Issuer', group: 'cert-manager.io' }],
    [
      { name: 'vault', kind: 'ClusterIssuer', group: 'issuers.example.com' },
      { name: 'vault', kind: 'ClusterIssuer', group: 'issuers.example.com' },
    ],
  ] as const) {
    const [leaf, ...others] = certManagerKinds(await render(withTls({ mode: 'certManager', issuerRef })));
    assert.deepEqual(others, []);
    assert.deepEqual(leaf?.spec?.issuerRef, expected);
  }
});

test('a value that the mode would ignore, or lacks, is refused with what to set', async () => {
  for (const [tls, message] of [
    [{ mode: 'secret' }, /webhook.tls.mode is secret, so the Secret .* must be named: set webhook.tls.secretName/],
    [
      { secretName: 'mine' },
      /webhook.tls.secretName is set while webhook.tls.mode is managed.* set webhook.tls.mode to secret/,
    ],
    [
      { mode: 'certManager', secretName: 'mine' },
      /webhook.tls.secretName is set while webhook.tls.mode is certManager/,
    ],
    [{ issuerRef: { name: 'x' } }, /webhook.tls.issuerRef is set while webhook.tls.mode is managed.* to certManager/],
  ] as const) {
    await assert.rejects(render(withTls(tls)), message);
  }
});

test('a new controller stands by until the old one is gone: none is taken away first', async () => {
  const { spec } = find(await render({ controller: { replicas: 3 } }), 'Deployment', 'walguard-controller');
  assert.equal(spec?.replicas, 3);
  assert.deepEqual(spec?.strategy, { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } });
  assert.ok(spec?.template?.spec.affinity?.podAntiAffinity);
});

/** Helm sorts by kind; among those of one kind it keeps the order of the file. */
function sortKey(objects: readonly Rendered[], label: string): number {
  return objects.findIndex(({ kind, metadata }) => label.startsWith(`${kind}/${metadata.name} `));
}
