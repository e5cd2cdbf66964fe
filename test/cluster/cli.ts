// npm run cluster -- up|down|status|kubeconfig [--nodes 2] [--api-only]
import { parseArgs } from 'node:util';
import { down, status, up } from './cluster.ts';
import { logToStderr as log } from './context.ts';
import { kubeconfigOf } from './kubeconfig.ts';

const usage = `A real Kubernetes on this machine, from package registries only.

  npm run cluster -- up [--nodes 1|2]   two nodes with pods, Services, names and volumes (root)
  npm run cluster -- up --api-only      an API server with controllers, no pods (no root)
  npm run cluster -- status [--api-only]
  npm run cluster -- kubeconfig [--api-only]   the path, for KUBECONFIG
  npm run cluster -- down [--api-only]
`;

interface Options {
  readonly nodes: 1 | 2;
  readonly apiOnly: boolean;
}

const commands: Readonly<Record<string, (options: Options) => Promise<number>>> = {
  up: async (options) => {
    const cluster = await up(options);
    log(`${cluster.name} is running: ${cluster.nodes.join(', ') || 'no nodes'}, ${cluster.apiServer}`);
    log(`kubectl is ${cluster.kubectl}`);
    process.stdout.write(`export KUBECONFIG=${cluster.kubeconfig}\n`);
    return 0;
  },
  down: async (options) => {
    await down(options);
    return 0;
  },
  status: async (options) => {
    const report = await status(options);
    const lines = report.daemons.map(
      ({ name, pid, alive, logFile }) => `  ${alive ? 'alive' : 'DEAD '} ${name} (${pid}) ${logFile}\n`,
    );
    process.stdout.write(`${report.status} ${report.apiServer} ${report.nodes.join(' ')}\n${lines.join('')}`);
    return report.status === 'running' ? 0 : 1;
  },
  kubeconfig: async (options) => {
    const { stateDir, status: seen } = await status(options);
    if (seen !== 'running') throw new Error(`the cluster is ${seen}: \`npm run cluster -- up\` starts one`);
    process.stdout.write(`${kubeconfigOf(stateDir, 'admin')}\n`);
    return 0;
  },
};

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { nodes: { type: 'string', default: '2' }, 'api-only': { type: 'boolean', default: false } },
  });
  const command = commands[positionals[0] ?? ''];
  if (!command || positionals.length > 1) throw new Error(usage);
  if (values.nodes !== '1' && values.nodes !== '2') throw new Error(`--nodes ${values.nodes}: it takes 1 or 2`);
  return command({ nodes: values.nodes === '1' ? 1 : 2, apiOnly: values['api-only'] });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  log((error as Error).message);
  process.exitCode = 1;
}
