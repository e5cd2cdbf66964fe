// argv -> a door. The only place that ends the process and listens to signals. A door is loaded when it is asked for: all of
// them together take twice the memory of the largest.

import { EXIT, WALGUARD_VERSION } from './api/names.ts';
import type { StandaloneOptions } from './webhook/standalone.ts';

async function main([door = '', ...rest]: readonly string[]): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  switch (door) {
    case 'webhook': {
      if (rest.length > 0) return runTyped([door, ...rest], stop.signal);
      const { runWebhook } = await import('./webhook/run.ts');
      await runWebhook(process.env, stop.signal);
      return EXIT.ok;
    }
    case 'controller': {
      const { runController } = await import('./controller/run.ts');
      await runController(process.env, stop.signal);
      return EXIT.ok;
    }
    case 'agent': {
      const { runAgent } = await import('./agent/agent.ts');
      return runAgent(rest, process.env, stop.signal);
    }
    default:
      return runTyped(door === '' ? ['--help'] : [door, ...rest], stop.signal);
  }
}

async function runTyped(args: readonly string[], stop: AbortSignal): Promise<number> {
  const { runCli } = await import('./cli/cli.ts');
  const serve = async (options: StandaloneOptions) => {
    const { runStandalone } = await import('./webhook/standalone.ts');
    await runStandalone(options, process.env, stop);
  };
  return runCli(process.argv[1] ?? 'walguard', args, WALGUARD_VERSION, stop, serve);
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: Error) => {
    process.stderr.write(`walguard: ${error.message}\n`);
    process.exit(EXIT.failed);
  },
);
