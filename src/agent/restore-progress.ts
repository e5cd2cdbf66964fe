// What a restore job tells while it runs, to whoever asks its pod as a sidecar is asked. Room: agent (door).
import { statfs } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { dirname } from 'node:path';
import type { RestoreProgress } from '../api/reports.ts';
import type { RestoredDump, RestorePlanSummary } from '../api/restore.ts';
import type { AgentContext } from './context.ts';
import { isMissing } from './data-directory.ts';
import { portOf } from './routes.ts';

export interface Progress {
  /** The plan is made, and the fetch begins: the volume is as full as it was before. */
  readonly begin: (plan: RestorePlanSummary) => Promise<void>;
  /** The same of a dump, which is about to be loaded. */
  readonly beginLoad: (dump: RestoredDump) => Promise<void>;
  readonly close: () => void;
}

type What = Pick<RestoreProgress, 'plan' | 'dump'>;

/** @param measure how many bytes there are now; of the volume of the data directory, unless it is something else that grows */
export function serveProgress(
  context: Pick<AgentContext, 'env' | 'log' | 'pgdata'>,
  measure: () => Promise<number> = () => usedBytes(context.pgdata),
): Progress {
  let began: { readonly what: What; readonly usedBefore: number; readonly at: number } | undefined;

  /** By how full the volume is: to walk through a big data directory again and again would cost more than the fetch. */
  async function look(): Promise<RestoreProgress> {
    if (!began) return {};
    const bytes = Math.max(0, (await measure()) - began.usedBefore);
    return { ...began.what, bytes, seconds: (performance.now() - began.at) / 1000 };
  }

  const begin = async (what: What) => {
    began = { what, usedBefore: await measure(), at: performance.now() };
  };
  const server = listen(context, look);
  return {
    begin: (plan) => begin({ plan }),
    beginLoad: (dump) => begin({ dump }),
    close: () => void server.close(),
  };
}

/** Nobody's restore fails because it cannot be watched. */
function listen(context: Pick<AgentContext, 'env' | 'log'>, look: () => Promise<RestoreProgress>): Server {
  const server = createServer((_request, response) => {
    look().then(
      (progress) => {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(progress));
      },
      (error: Error) => {
        response.statusCode = 500;
        response.end(`${error.message}\n`);
      },
    );
  });
  server.on('error', (error) => context.log.warn({ error: error.message }, 'the progress cannot be watched'));
  return server.listen(portOf(context)).unref();
}

/** Of the volume that holds the directory, or will. */
async function usedBytes(directory: string): Promise<number> {
  try {
    const { blocks, bfree, bsize } = await statfs(directory);
    return (blocks - bfree) * bsize;
  } catch (error) {
    if (isMissing(error) && dirname(directory) !== directory) return usedBytes(dirname(directory));
    throw error;
  }
}
