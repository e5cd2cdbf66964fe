// The first file that runs on a fresh checkout, so plain JavaScript for whatever Node the machine has:
// installs the locked dependencies when they are missing or stale, then runs the given TypeScript file on Node 24.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const node = join(root, 'node_modules', '.bin', 'node');
const installed = join(root, 'node_modules', '.package-lock.json');

// Ctrl-C goes to the whole process group: the program itself cleans up, and its exit code is handed on.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});

function isInstalled() {
  if (!existsSync(node) || !existsSync(installed)) return false;
  return statSync(installed).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
}

function run(command, args) {
  const { status, error, signal } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error) {
    process.stderr.write(`walguard: could not run ${command}: ${error.message}\n`);
    process.exit(1);
  }
  if (signal) process.kill(process.pid, signal);
  return status ?? 1;
}

if (!isInstalled()) {
  process.stderr.write('walguard: installing the locked dependencies (npm ci), about half a minute ...\n');
  const status = run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  if (status !== 0) {
    process.stderr.write('walguard: npm ci failed; without the packages nothing here can run.\n');
    process.exit(status);
  }
}
const [script, ...args] = process.argv.slice(2);
if (script) process.exit(run(node, [join(root, script), ...args]));
