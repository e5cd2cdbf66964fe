// What the controller says: of itself, and of every protected database. Room: telemetry.
import { Gauge } from 'prom-client';
import { createDatabaseMetrics, type DatabaseMetrics } from './database-metrics.ts';
import { createMetrics, type Metrics } from './metrics.ts';

export interface ControllerMetrics extends Metrics, DatabaseMetrics {
  readonly setLeading: (isLeading: boolean) => void;
}

export function createControllerMetrics(): ControllerMetrics {
  return createMetrics((registry) => {
    const help = 'Does this controller lead? 1 yes, 0 it stands by.';
    const leading = new Gauge({ name: 'walguard_controller_leading', help, registers: [registry] });
    return {
      ...createDatabaseMetrics(registry),
      setLeading: (isLeading: boolean) => leading.set(isLeading ? 1 : 0),
    };
  });
}
