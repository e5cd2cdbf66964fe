// The command as a person runs it, from the checkout.
import { join } from 'node:path';
import { repositoryDir } from '../cluster/checkout.ts';
import { type ClusterAccess, type CommandResult, tryCommand } from './cluster-client.ts';

const main = join(repositoryDir, 'src', 'main.ts');

/** @param access of commands that ask a cluster */
export function walguard(access: ClusterAccess | undefined, ...args: readonly string[]): Promise<CommandResult> {
  const where = access ? ['--kubeconfig', access.kubeconfig] : [];
  const context = access?.context === undefined ? [] : ['--context', access.context];
  return tryCommand(process.execPath, [main, ...args, ...where, ...context]);
}
