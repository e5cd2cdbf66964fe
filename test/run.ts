// Runs tiers of tests, one node:test process for all their files, so that there is one summary at the end.
//   unit  pure functions, golden files, small I/O with hand-written fakes
//   api   a real API server and controller manager, helm on the real chart; no root
//   long  minutes of load: the fuzzed webhook, the soak and two thousand databases on a real API server; no root
//   engine  a real Postgres, the real engine, a real S3 server, the agent between them; Prometheus's promtool; no Kubernetes; root
//   e2e   real pods on two real nodes; root
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { dirname } from 'node:path';

const root = dirname(import.meta.dirname);
const SLOW = {
  long: ['test/long/**'],
  api: ['test/apiserver/**', 'test/chart/**'],
  engine: ['test/engine/**'],
  e2e: ['test/e2e/**'],
} as const;
const names = Object.keys(SLOW) as (keyof typeof SLOW)[];

function listFiles(tier: string): string[] {
  const all = globSync('test/**/*.test.ts', { cwd: root }).sort();
  const inTier = (name: keyof typeof SLOW) => {
    const found = new Set(SLOW[name].flatMap((pattern) => globSync(pattern, { cwd: root })));
    return all.filter((file) => found.has(file));
  };
  const slowTier = names.find((name) => name === tier);
  if (slowTier) return inTier(slowTier);
  const slow = new Set(names.flatMap(inTier));
  if (tier === 'unit') return all.filter((file) => !slow.has(file));
  throw new Error(`there is no tier "${tier}"; there are unit, ${names.join(', ')}`);
}

const tiers = process.argv.slice(2);
const files = tiers.flatMap(listFiles);
if (files.length === 0) throw new Error(`no test files in ${tiers.join(', ') || 'no tier'}`);
process.stderr.write(`walguard: ${files.length} test files of ${tiers.join(', ')}\n`);
// One file at a time: most of the slow tiers start and end the checkout's one cluster. Those of the engine have a world each, and
// wait most of the time.
const atOnce = tiers.every((tier) => tier === 'engine') ? 3 : 1;
const args = ['--test', `--test-concurrency=${atOnce}`, '--test-reporter=spec', ...files];
const { status } = spawnSync(process.execPath, args, {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, FORCE_COLOR: '0' },
});
process.exit(status ?? 1);
