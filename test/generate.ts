// Writes the files that are made from the source; with --check it only compares, and says what to run. What is made of
// what: one module each in test/generate/.
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildChartAdmissionPolicies } from './generate/admission-policies.ts';
import { buildCrdFiles } from './generate/crds.ts';
import { ROOT } from './generate/files.ts';
import { buildPoliciesReadme } from './generate/policies-readme.ts';
import { buildChartPolicies } from './generate/ready-policies.ts';

function isCurrent(path: string, text: string): boolean {
  return existsSync(join(ROOT, path)) && readFileSync(join(ROOT, path), 'utf8') === text;
}

const files = [...buildCrdFiles(), ...buildChartPolicies(), ...buildChartAdmissionPolicies(), ...buildPoliciesReadme()];
const stale = files.filter(([path, text]) => !isCurrent(path, text));
const known = new Set(files.map(([path]) => path));
/** In the folders where nothing is written by people. */
const leftOver = globSync('chart/{crds,files}/**/*.yaml', { cwd: ROOT }).filter((path) => !known.has(path));

if (process.argv.includes('--check')) {
  for (const [path] of stale) process.stderr.write(`${path} is not what the source gives; run: npm run generate\n`);
  for (const path of leftOver) process.stderr.write(`${path} is made from nothing any more; run: npm run generate\n`);
  process.exitCode = stale.length + leftOver.length === 0 ? 0 : 1;
} else {
  for (const [path, text] of stale) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), text);
    process.stderr.write(`wrote ${path}\n`);
  }
  for (const path of leftOver) {
    rmSync(join(ROOT, path));
    process.stderr.write(`removed ${path}\n`);
  }
}
