// Whether an API server would take a serving certificate by a webhook configuration.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { generate } from 'selfsigned';
import { mintAuthority, mintServing } from '../../src/tools/mint-certificate.ts';
import { explainDistrust, isTrusted, parsePem, type WebhookConfiguration } from '../../src/webhook/trust.ts';
import { SERVER_NAME } from '../support/tls.ts';

const NOW = new Date();
const DAY_MS = 86_400_000;
const authority = await mintAuthority(NOW);
const other = await mintAuthority(NOW);
const leaf = (await mintServing(authority, [SERVER_NAME, '127.0.0.1'], NOW)).cert;

const EC = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const;

async function mintIntermediate(): Promise<{ cert: string; key: string }> {
  const made = await generate([{ name: 'commonName', value: 'intermediate' }], {
    ...EC,
    ca: authority,
    // A second may have begun since.
    notBeforeDate: NOW,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  return { cert: made.cert, key: made.private };
}

const intermediate = await mintIntermediate();
const under = (await mintServing(intermediate, [SERVER_NAME], NOW)).cert;
/** An authority with the name of the true one, and another key. */
const namesake = await generate([{ name: 'commonName', value: commonNameOf(authority.cert) }], {
  ...EC,
  extensions: [{ name: 'basicConstraints', cA: true, critical: true }],
});
const ended = await mintAuthority(new Date(NOW.getTime() - 4000 * DAY_MS));
const underEnded = (await mintServing(ended, [SERVER_NAME], NOW)).cert;

function commonNameOf(pem: string): string {
  return new X509Certificate(pem).subject.replace('CN=', '');
}

const ROWS: readonly [name: string, chain: string, bundle: string, trusted: boolean][] = [
  ['its authority alone', leaf, authority.cert, true],
  ['its authority behind another, as while they are rotated', leaf, `${other.cert}${authority.cert}`, true],
  ['its authority before another', leaf, `${authority.cert}\n\n${other.cert}`, true],
  ['text and damage beside its authority', leaf, `# CA\n${other.cert.replace('MI', '!!')}\n${authority.cert}`, true],
  ['the leaf itself', leaf, leaf, true],
  ['the root, with the intermediate in the chain', `${under}${intermediate.cert}`, authority.cert, true],
  ['the intermediate, without it in the chain', under, intermediate.cert, true],
  ['the root, without the intermediate in the chain', under, authority.cert, false],
  ['another authority', leaf, other.cert, false],
  ['an authority of the same name with another key', leaf, namesake.cert, false],
  ['its authority, which has ended', underEnded, ended.cert, false],
  ['nothing', leaf, '', false],
];

for (const [name, chain, bundle, trusted] of ROWS) {
  test(`a bundle with ${name}: ${trusted ? 'trusted' : 'not trusted'}`, () => {
    assert.equal(isTrusted(parsePem(chain), parsePem(bundle), NOW), trusted);
  });
}

function configuration(...clientConfigs: object[]): WebhookConfiguration {
  const webhooks = clientConfigs.map((clientConfig, index) => ({ name: `w${index}`, clientConfig }));
  return { apiVersion: 'a/v1', kind: 'MutatingWebhookConfiguration', metadata: { name: 'walguard' }, webhooks };
}

const caBundle = Buffer.from(authority.cert).toString('base64');
const service = { name: 'webhook', namespace: 'walguard-system' };
const TRUE = { caBundle, service };

test('a configuration all of whose webhooks trust the certificate and call it by its name: nothing to say', () => {
  assert.equal(explainDistrust(configuration(TRUE, TRUE), leaf, NOW), undefined);
  assert.equal(
    explainDistrust(configuration({ caBundle, url: 'https://127.0.0.1:9443/mutate' }), leaf, NOW),
    undefined,
  );
});

const FAULTS: readonly [name: string, configuration: WebhookConfiguration, message: RegExp][] = [
  ['without webhooks', configuration(), /^MutatingWebhookConfiguration\/walguard is not there, or has no webhooks$/],
  ['one of whose webhooks has no bundle', configuration(TRUE, { service }), /does not trust this .* yet \(w1\)$/],
  [
    'whose service has another name',
    configuration({ caBundle, service: { ...service, name: 'other' } }),
    /^the serving certificate is not for other\.walguard-system\.svc, which MutatingWebhookConfiguration\/walguard calls/,
  ],
  ['whose URL is another host', configuration({ caBundle, url: 'https://[::1]:9443/' }), /is not for ::1, /],
];

for (const [name, faulty, message] of FAULTS) {
  test(`a configuration ${name} is said`, () => {
    assert.match(explainDistrust(faulty, leaf, NOW) ?? '', message);
  });
}
