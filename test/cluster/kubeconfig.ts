// Who may talk to the API server: static tokens, one kubeconfig file for each.
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface User {
  /** The kubeconfig's file name. */
  readonly id: string;
  readonly name: string;
  readonly groups: readonly string[];
}

export const admin: User = { id: 'admin', name: 'admin', groups: ['system:masters'] };
const components: readonly User[] = [
  { id: 'controller-manager', name: 'system:kube-controller-manager', groups: [] },
  { id: 'scheduler', name: 'system:kube-scheduler', groups: [] },
  { id: 'proxy', name: 'system:kube-proxy', groups: [] },
];

export function usersFor(nodes: readonly string[]): readonly User[] {
  return [
    admin,
    ...components,
    ...nodes.map((node) => ({ id: node, name: `system:node:${node}`, groups: ['system:nodes'] })),
  ];
}

export const kubeconfigOf = (stateDir: string, id: string) => join(stateDir, `${id}.kubeconfig`);

/** Returns the path of the API server's token file. */
export function writeUsers(stateDir: string, apiServer: string, authority: string, nodes: readonly string[]): string {
  const lines = usersFor(nodes).map((user) => {
    const token = randomBytes(24).toString('hex');
    writeFileSync(kubeconfigOf(stateDir, user.id), buildKubeconfig(apiServer, readFileSync(authority), token), {
      mode: 0o600,
    });
    return `${token},${user.name},${user.id},"${user.groups.join(',')}"\n`;
  });
  const file = join(stateDir, 'tokens.csv');
  writeFileSync(file, lines.join(''), { mode: 0o600 });
  return file;
}

/** JSON is YAML too. */
function buildKubeconfig(server: string, authority: Buffer, token: string): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'walguard', cluster: { server, 'certificate-authority-data': authority.toString('base64') } }],
    users: [{ name: 'walguard', user: { token } }],
    contexts: [{ name: 'walguard', context: { cluster: 'walguard', user: 'walguard', namespace: 'default' } }],
    'current-context': 'walguard',
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
