// A process that contends for a Lease, and says on stdout when its work begins and ends.
//   node contender.ts LEASE IDENTITY
import { once } from 'node:events';
import { createKube, loadKubeConfig } from '../../../src/kube/client.ts';
import { runAsLeader } from '../../../src/kube/lease.ts';
import { createLogger } from '../../../src/telemetry/log.ts';
import { TIMING } from './timing.ts';

const [, , name = '', identity = ''] = process.argv;
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());

function say(what: string): void {
  process.stdout.write(`${what} ${process.hrtime.bigint() / 1_000_000n}\n`);
}

const kube = createKube(loadKubeConfig(), { timeoutMs: TIMING.renewDeadlineMs / 2 });
const log = createLogger(identity, { write: () => undefined });
const onStandby = () => say('standby');
const options = { name, namespace: 'default', identity, log, timing: TIMING, onStandby };
await runAsLeader(kube, options, stop.signal, async (signal) => {
  say('begin');
  await once(signal, 'abort');
  say('end');
});
say('left');
