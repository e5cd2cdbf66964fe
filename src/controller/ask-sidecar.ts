// One question to one sidecar. Room: controller (door).
import { Agent, fetch } from 'undici';
import { SIDECAR_PORT } from '../api/names.ts';
import { isObject } from '../lib/json.ts';
import type { Answer } from './sidecar-news.ts';

const TIMEOUT_MS = 2000;
/** A pod can say what it wants; a status is a few kilobytes. */
const MOST_BYTES = 256 * 1024;

/** Connections are not kept: there are thousands of sidecars, and one that hangs would hold its own for long. */
const agent = new Agent({ pipelining: 0, maxResponseSize: MOST_BYTES });

/** Its status; or, in words, why there is none. Never rejects. */
export async function askSidecar(podIP: string): Promise<Answer> {
  const host = podIP.includes(':') ? `[${podIP}]` : podIP;
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(`http://${host}:${SIDECAR_PORT}/status`, { dispatcher: agent, signal });
    const status = await response.json();
    if (!response.ok || !isObject(status)) return `the sidecar does not answer: it says ${response.status}`;
    return status as unknown as Answer;
  } catch (error) {
    return `the sidecar does not answer: ${(error as Error).message}`;
  }
}
