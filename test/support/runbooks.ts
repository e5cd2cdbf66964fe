// The runbooks of the README, as whoever is in trouble copies them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryDir } from '../cluster/checkout.ts';
import { type CommandResult, tryCommand } from './cluster-client.ts';

/** Blocks of shell of each runbook, by its heading. */
export function readRunbooks(): ReadonlyMap<string, readonly string[]> {
  const readme = readFileSync(join(repositoryDir, 'README.md'), 'utf8');
  const [, chapter = ''] = /^## Runbooks\n([\s\S]*?)^## /m.exec(readme) ?? [];
  const sections = chapter.split(/^### /m).slice(1);
  return new Map(
    sections.map((section) => {
      const heading = section.slice(0, section.indexOf('\n'));
      return [heading, [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block)];
    }),
  );
}

export function blockOf(heading: string, index = 0): string {
  const block = readRunbooks().get(heading)?.[index];
  if (block === undefined) throw new Error(`README.md has no block ${index} of shell below "### ${heading}"`);
  return block;
}

/**
 * Runs a block as it is, and ends at the first command that fails.
 *
 * @param programs directory that comes first in PATH
 */
export function runBlock(
  block: string,
  directory: string,
  programs: string,
  env: NodeJS.ProcessEnv,
): Promise<CommandResult> {
  // A runbook that hangs is wrong, too.
  const args = [
    '--kill-after=10',
    '300',
    'bash',
    '-c',
    'cd "$0" && eval "$1"',
    directory,
    `set -eo pipefail; ${block}`,
  ];
  return tryCommand('timeout', args, '', { ...process.env, ...env, PATH: `${programs}:${process.env.PATH}` });
}
