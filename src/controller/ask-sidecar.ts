// One question to one sidecar. Room: controller (door).
import { Agent, fetch } from 'undici';
import { SIDECAR_PORT } from '../api/names.ts';
import { parseObject } from '../lib/json.ts';
import type { Answer } from './sidecar-news.ts';

const TIMEOUT_MS = 2000;
/** A pod can say what it wants; a status is a few kilobytes. */
const MOST_BYTES = 256 * 1024;

/** Connections are not kept: there are thousands of sidecars, and one that hangs would hold its own for long. */
const agent = new Agent({ pipelining: 0, maxResponseSize: MOST_BYTES });

/**
 * Its status; or, in words, why there is none. Never rejects. A pod may be anybody's: what it answers is not quoted, and it
 * sends nobody elsewhere, or the controller would read for it what only the controller can reach.
 * @param port another one in tests
 */
export async function askSidecar(podIP: string, port = SIDECAR_PORT): Promise<Answer> {
  const host = podIP.includes(':') ? `[${podIP}]` : podIP;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(`http://${host}:${port}/status`, { dispatcher: agent, redirect: 'error', signal });
    const status = parseObject(await response.text());
    if (!response.ok) return `the sidecar does not answer: it says ${response.status}`;
    return (status as unknown as Answer | undefined) ?? 'the sidecar does not answer: what it says is no status';
  } catch (error) {
    return `the sidecar does not answer: ${(error as Error).message}`;
  }
}
