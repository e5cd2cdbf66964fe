// Prometheus metrics, by prom-client: one registry a process, with what that kind of process knows. A gauge that nobody sets
// would say 0, as if it were known. Room: telemetry.
import { Registry } from 'prom-client';

export interface Metrics {
  readonly contentType: string;
  readonly render: () => Promise<string>;
}

/** @param define makes the gauges and counters of this kind of process, and gives what sets them */
export function createMetrics<T extends object>(define: (registry: Registry) => T): Metrics & T {
  const registry = new Registry();
  return { ...define(registry), contentType: registry.contentType, render: () => registry.metrics() };
}
