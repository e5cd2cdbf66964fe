// `walguard webhook --standalone`: the admission of a cluster without one.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EXIT } from '../../src/api/names.ts';
import { runCli } from '../../src/cli/cli.ts';
import type { StandaloneOptions } from '../../src/cli/webhook.ts';
import { run } from '../../src/tools/exec.ts';
import { openTlsDirectory } from '../../src/webhook/tls-directory.ts';
import { injected } from '../support/injected.ts';
import { type Captured, captureOutput } from '../support/output.ts';
import { applyAnswer, buildReview } from '../support/reviews.ts';
import { startStandalone } from '../support/standalone.ts';
import { makeTempDir } from '../support/temp.ts';
import { type Answer, askHttps, mintCertificate } from '../support/tls.ts';
import { readAnswer } from '../support/webhook.ts';
import { buildWorkload } from '../support/workloads.ts';

const NAMES = ['localhost', '127.0.0.1', '::1', hostname()];

test('it serves the whole admission by the policies of a directory, and writes the TLS files that it lacks', async (context) => {
  const tlsDir = join(await makeTempDir(context), 'new', 'tls');
  const webhook = await startStandalone(context, tlsDir);
  const ask = (path: string, body?: unknown): Promise<Answer> =>
    askHttps(webhook.port, webhook.ca, path, body === undefined ? undefined : JSON.stringify(body), {
      servername: 'localhost',
    });

  assert.equal((await ask('/readyz')).text, 'ok\n');
  const named = buildWorkload({ policy: 'standard' });
  const mutated = readAnswer(await ask('/mutate', buildReview(named)));
  const stored = applyAnswer(named, mutated);
  assert.equal(stored.spec.template.spec.initContainers?.[0]?.name, 'walguard');
  assert.equal(readAnswer(await ask('/validate', buildReview(stored))).allowed, true);
  assert.equal(readAnswer(await ask('/validate', buildReview(buildWorkload()))).allowed, false);
  assert.equal(readAnswer(await ask('/validate/warn', buildReview(buildWorkload()))).warnings?.length, 1);
  assert.ok(readAnswer(await ask('/validate/audit', buildReview(buildWorkload()))).auditAnnotations?.violations);
  const stripped = readAnswer(await ask('/mutate', buildReview(injected(buildWorkload()), stored)));
  assert.deepEqual(applyAnswer(injected(buildWorkload()), stripped), buildWorkload());
  const counted = (await ask('/metrics')).text.match(/^walguard_admission_reviews_total\{.*\} \d+$/gm) ?? [];
  assert.equal(
    counted.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0),
    6,
  );

  const example = /-d '(\{.*\})'/.exec(webhook.stderr())?.[1] ?? '';
  assert.equal(
    readAnswer(await ask('/validate', JSON.parse(example)), '1').allowed,
    false,
    'the example that it prints',
  );

  assert.equal(await webhook.stop(), EXIT.ok);
  const log = webhook
    .stdout()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { msg: string });
  assert.equal(log.filter(({ msg }) => msg === 'reviewed').length, 7, 'a line for each review');

  assert.deepEqual((await readdir(tlsDir)).sort(), ['ca.crt', 'tls.crt', 'tls.key']);
  assert.equal((await stat(join(tlsDir, 'tls.key'))).mode & 0o777, 0o600);
});

test('a database that names no policy that there is hears which there are', async (context) => {
  const webhook = await startStandalone(context, await makeTempDir(context));
  const review = JSON.stringify(buildReview(buildWorkload({ policy: 'standrad' })));
  const { status } = readAnswer(
    await askHttps(webhook.port, webhook.ca, '/validate', review, { servername: 'localhost' }),
  );
  assert.match(status?.message ?? '', /policy-unknown: .*standard/s);
});

test('the files that it made are for localhost, the loopback addresses and this host, and are used again', async (context) => {
  const directory = await makeTempDir(context);
  const made = await openTlsDirectory(directory, new Date());
  assert.equal(made.isNew, true);
  const leaf = new X509Certificate(made.certificate.cert);
  for (const name of NAMES) assert.ok(leaf.checkHost(name) ?? leaf.checkIP(name), name);
  const ca = new X509Certificate(await readFile(join(directory, 'ca.crt')));
  assert.ok(ca.ca && leaf.checkIssued(ca) && leaf.verify(ca.publicKey));
  const again = await openTlsDirectory(directory, new Date());
  assert.deepEqual([again.isNew, again.certificate.cert], [false, made.certificate.cert]);
});

test('a directory with nothing but what systems leave there is empty', async (context) => {
  const directory = await makeTempDir(context);
  await mkdir(join(directory, 'lost+found'));
  await writeFile(join(directory, '.gitkeep'), '');
  assert.equal((await openTlsDirectory(directory, new Date())).isNew, true);
});

test('a pair of your own is used, with or without a ca.crt', async (context) => {
  const directory = await makeTempDir(context);
  const { cert, key } = await mintCertificate(['localhost']);
  await writeFile(join(directory, 'tls.crt'), cert);
  await writeFile(join(directory, 'tls.key'), key);
  const { certificate, caFile, isNew } = await openTlsDirectory(directory, new Date());
  assert.deepEqual([certificate.cert, caFile, isNew], [cert, undefined, false]);
});

const own = await mintCertificate(['localhost']);
const ended = await mintCertificate(['localhost'], new Date(Date.now() - 100 * 86_400_000));
const REFUSED: readonly [name: string, files: Readonly<Record<string, string>>, message: RegExp][] = [
  ['only a key', { 'tls.key': own.key }, /is not empty, and has no tls\.crt\. .* name an empty directory/],
  ['only a certificate', { 'tls.crt': own.cert }, /has no tls\.key\./],
  ['something else', { 'notes.txt': 'x' }, /has no tls\.crt and no tls\.key\./],
  ['a pair of two', { 'tls.crt': own.cert, 'tls.key': ended.key }, /tls\.key is not the key of tls\.crt$/],
  ['no certificate in it', { 'tls.crt': 'x', 'tls.key': own.key }, /tls\.crt: no certificate in PEM$/],
  [
    'a certificate that has ended',
    { 'tls.crt': ended.cert, 'tls.key': ended.key },
    /tls\.crt ended at 20.* empty the directory/,
  ],
];

for (const [name, files, message] of REFUSED) {
  test(`a TLS directory with ${name} is an error, and nothing is overwritten`, async (context) => {
    const directory = await makeTempDir(context);
    for (const [file, text] of Object.entries(files)) await writeFile(join(directory, file), text);
    await assert.rejects(openTlsDirectory(directory, new Date()), message);
    assert.deepEqual((await readdir(directory)).sort(), Object.keys(files).sort());
    for (const [file, text] of Object.entries(files)) assert.equal(await readFile(join(directory, file), 'utf8'), text);
  });
}

/** What the shell sees of a start that fails. */
async function fail(context: TestContext, policies: Readonly<Record<string, string>>, ...more: string[]) {
  const directory = await makeTempDir(context);
  for (const [file, text] of Object.entries(policies)) await writeFile(join(directory, file), text);
  const flags = ['--standalone', '--policies', directory, '--tls-dir', join(directory, 'tls'), '--port', '0', ...more];
  const main = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
  const env = { PATH: process.env.PATH, HOME: '/nonexistent' };
  const { code, stderrTail } = await run(process.execPath, [main, 'webhook', ...flags], { env, timeoutMs: 30_000 });
  return { code, stderr: stderrTail.join('\n').replaceAll(directory, 'DIR') };
}

const GOOD = `apiVersion: walguard.dev/v1alpha1
kind: BackupPolicy
metadata: {name: good}
spec: {}
`;

test('policies that cannot be used are said with file, line and remedy, all at once; 1', {
  concurrency: true,
}, async (context) => {
  await Promise.all([
    context.test('a wrong field and a wrong value', async (each) => {
      const spec = 'spec:\n  archive:\n    timeuot: 60s\n    compression: zip\n';
      const { code, stderr } = await fail(each, {
        'a.yaml': GOOD,
        'b.yaml': `---\n${GOOD.replace('good', 'bad').replace('spec: {}\n', spec)}`,
      });
      assert.equal(code, EXIT.failed);
      assert.match(stderr, /^DIR\/b\.yaml:7: BackupPolicy "bad": spec\.archive\.timeuot is .+\. .+/m);
      assert.match(stderr, /^DIR\/b\.yaml:8: BackupPolicy "bad": spec\.archive\.compression is .+\. .+/m);
      assert.doesNotMatch(stderr, /a\.yaml| {4}at /);
    }),
    context.test('no YAML', async (each) => {
      const { code, stderr } = await fail(each, { 'a.yaml': 'kind: [\n' });
      assert.equal(code, EXIT.failed);
      assert.match(stderr, /^DIR\/a\.yaml:\d+:\d+: it is no valid YAML: /m);
    }),
    context.test('two of one name', async (each) => {
      const { code, stderr } = await fail(each, { 'a.yaml': GOOD, 'b.yaml': GOOD });
      assert.equal(code, EXIT.failed);
      assert.match(stderr, /^DIR\/b\.yaml:1: BackupPolicy "good" is there twice\. Keep one\.$/m);
    }),
    context.test('no name', async (each) => {
      const { code, stderr } = await fail(each, { 'a.yaml': GOOD.replace('name: good', '') });
      assert.equal(code, EXIT.failed);
      assert.match(stderr, /^DIR\/a\.yaml:3: BackupPolicy "": metadata\.name is missing\. Add it\.$/m);
    }),
    context.test('none at all', async (each) => {
      const { code, stderr } = await fail(each, {});
      assert.equal(code, EXIT.failed);
      assert.match(stderr, /^DIR: it holds no BackupPolicy\. /m);
    }),
    context.test('no such directory', async (each) => {
      const { code, stderr } = await fail(each, {}, '--policies', '/nowhere');
      assert.equal(code, EXIT.failed);
      assert.match(stderr, /^\/nowhere: there is no such file or directory\. /m);
    }),
    context.test('a port that is taken', async (each) => {
      const taken = createServer().listen(0);
      each.after(() => taken.close());
      const { port } = taken.address() as { port: number };
      const { code, stderr } = await fail(each, { 'a.yaml': GOOD }, '--port', String(port));
      assert.equal(code, EXIT.failed);
      assert.match(stderr, /^walguard: .*EADDRINUSE/m);
    }),
    context.test('a TLS directory that may not be used', async (each) => {
      const { code, stderr } = await fail(each, { 'a.yaml': GOOD, taken: '' }, '--tls-dir', '/dev/null/tls');
      assert.equal(code, EXIT.failed);
      assert.match(stderr, /^walguard: .*\/dev\/null/m);
    }),
  ]);
});

async function typed(...args: string[]): Promise<Captured<number> & { readonly served: readonly StandaloneOptions[] }> {
  const served: StandaloneOptions[] = [];
  const serve = async (options: StandaloneOptions) => void served.push(options);
  const captured = await captureOutput(() =>
    runCli('walguard', ['webhook', ...args], '1.2.3', new AbortController().signal, serve),
  );
  return { ...captured, served };
}

const WRONG: readonly [name: string, args: readonly string[], message: RegExp][] = [
  ['without --standalone', ['--policies', 'p', '--tls-dir', 't'], /--standalone/],
  ['without --policies', ['--standalone', '--tls-dir', 't'], /--policies/],
  ['without --tls-dir', ['--standalone', '--policies', 'p'], /--tls-dir/],
  [
    'with a flag that there is not',
    ['--standalone', '--policies', 'p', '--tls-dir', 't', '--tls', 't'],
    /unknown option '--tls'/,
  ],
  [
    'with a port that is none',
    ['--standalone', '--policies', 'p', '--tls-dir', 't', '--port', '70000'],
    /It is no port/,
  ],
  ['with a port in words', ['--standalone', '--policies', 'p', '--tls-dir', 't', '--port', 'https'], /It is no port/],
  ['with an argument too many', ['--standalone', '--policies', 'p', '--tls-dir', 't', 'more'], /too many arguments/],
];

for (const [name, args, message] of WRONG) {
  test(`${name}: usage, 2, and nothing is served`, async () => {
    const { result, stderr, served } = await typed(...args);
    assert.deepEqual([result, served], [EXIT.usage, []]);
    assert.match(stderr, message);
    assert.match(stderr, /Usage: walguard webhook/);
  });
}

test('the defaults: port 9443, the published image', async () => {
  const { result, served } = await typed('--standalone', '--policies', 'p', '--tls-dir', 't');
  assert.equal(result, EXIT.ok);
  const { policies, tlsDir, port, image } = served[0] ?? assert.fail('not served');
  assert.deepEqual(
    { policies, tlsDir, port, image },
    { policies: 'p', tlsDir: 't', port: 9443, image: 'ghcr.io/walguard/walguard:1.2.3' },
  );
});

test('--help says what it serves, how to reload, the exit codes, and has examples', async () => {
  const { result, stdout } = await typed('--help');
  assert.equal(result, EXIT.ok);
  for (const part of [
    /\/validate\/restores/,
    /start it again/,
    /WALGUARD_TLS_DIR/,
    /Exit codes: 0 /,
    /curl --cacert/,
  ]) {
    assert.match(stdout, part);
  }
});
