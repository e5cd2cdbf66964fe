// argv -> a door. The only place that ends the process and listens to signals.

import { runAgent } from './agent/agent.ts';
import { EXIT } from './api/names.ts';
import { runCli } from './cli/cli.ts';
import { runController } from './controller/run.ts';
import { runWebhook } from './webhook/run.ts';

const VERSION = '0.1.0';

async function main([door = '', ...rest]: readonly string[]): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  switch (door) {
    case 'webhook':
      await runWebhook(process.env, stop.signal);
      return EXIT.ok;
    case 'controller':
      await runController(process.env, stop.signal);
      return EXIT.ok;
    case 'agent':
      return runAgent(rest, process.env, stop.signal);
    default:
      return runCli(process.argv[1] ?? 'walguard', door === '' ? ['--help'] : [door, ...rest], VERSION, stop.signal);
  }
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: Error) => {
    process.stderr.write(`walguard: ${error.message}\n`);
    process.exit(EXIT.failed);
  },
);
