// What the soak test tells: requests by kind, latencies, events, failures; and the API server's own count of trouble.
import type { ApiCalls } from '../../support/api-calls.ts';
import { quantile, type Timed } from '../../support/steady-load.ts';

export interface SoakEvent {
  readonly name: string;
  /** ms since the start of the load */
  readonly from: number;
  readonly to: number;
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

export function describeLoad(outcomes: readonly Timed[], elapsedMs: number): string[] {
  const kinds = [...new Set(outcomes.map(({ kind }) => kind))].sort();
  const lines = [...kinds, 'all'].map((kind) => {
    const of = outcomes.filter((each) => kind === 'all' || each.kind === kind);
    const ms = of.map((each) => each.ms);
    const [p50, p99, max] = [quantile(ms, 0.5), quantile(ms, 0.99), Math.max(...ms)].map((each) => each.toFixed(0));
    const failed = of.filter(({ failure }) => failure !== undefined).length;
    return `${kind}: ${of.length} requests, ${failed} failed, p50 ${p50} ms, p99 ${p99} ms, max ${max} ms`;
  });
  return [...lines, `${seconds(elapsedMs)} in all, ${((outcomes.length * 1000) / elapsedMs).toFixed(0)} a second`];
}

export function describeEvents(events: readonly SoakEvent[]): string[] {
  return events.map(({ name, from, to }) => `${seconds(from)} to ${seconds(to)}: ${name}`);
}

export const findFailed = (outcomes: readonly Timed[]) => outcomes.filter(({ failure }) => failure !== undefined);

/** One line for all that differ only in their numbers, with the full text of the first. */
export function describeFailures(outcomes: readonly Timed[]): string[] {
  const groups = Map.groupBy(
    findFailed(outcomes),
    ({ kind, failure = '' }) => `${kind}: ${failure.replace(/\d+/g, '0')}`,
  );
  return [...groups.values()].map((group) => {
    const [first, last] = [group[0], group.at(-1)];
    if (!first || !last) return '';
    const when = `from ${seconds(first.at)} to ${seconds(last.at)}`;
    return `${group.length} failed ${when}, the first after ${first.ms.toFixed(0)} ms, ${first.kind}: ${first.failure}`;
  });
}

export interface WebhookCounts {
  /** Calls that the API server made. */
  readonly calls: number;
  /** Calls that failed and were let through. */
  readonly failedOpen: number;
  /** Calls that failed and refused the user's request. */
  readonly failedClosed: number;
}

/** From the API server's metrics, over all of walguard's webhooks since it was started. */
export async function readWebhookCounts(api: ApiCalls): Promise<WebhookCounts> {
  const { text } = await api.call('GET', '/metrics');
  const sum = (metric: string, label: string) =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`apiserver_admission_webhook_${metric}{`) && line.includes('walguard.dev"'))
      .filter((line) => line.includes(label))
      .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0);
  return {
    calls: sum('request_total', ''),
    failedOpen: sum('fail_open_count', ''),
    failedClosed: sum('rejection_count', 'error_type="calling_webhook_error"'),
  };
}
