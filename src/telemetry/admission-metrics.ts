// What the webhook counts. Room: telemetry.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { createMetrics, type Metrics } from './metrics.ts';

/** One answered review. Every label has few values: none is what a stranger sent. */
export interface ReviewLabels {
  readonly webhook: string;
  /** What was decided, in one word of walguard's own. */
  readonly code: string;
  readonly allowed: boolean;
  readonly operation: string;
  readonly isDryRun: boolean;
}

export interface AdmissionMetrics extends Metrics {
  readonly startReview: () => void;
  readonly endReview: () => void;
  readonly observeReview: (labels: ReviewLabels, seconds: number) => void;
  /** A request that got no review's answer: its HTTP status. 429 is load that was shed. */
  readonly observeRefused: (status: number) => void;
  readonly setCertificateExpiry: (time: Date) => void;
}

/** Admission takes about a millisecond: the field's default buckets would put everything into the first. */
const REVIEW_BUCKETS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

export function createAdmissionMetrics(): AdmissionMetrics {
  return createMetrics(defineAdmission);
}

function defineAdmission(registry: Registry): Omit<AdmissionMetrics, keyof Metrics> {
  const registers = [registry];
  const inFlight = new Gauge({
    name: 'walguard_admission_in_flight',
    help: 'Admission reviews that are being received or decided.',
    registers,
  });
  const reviews = new Counter({
    name: 'walguard_admission_reviews_total',
    help: 'Admission reviews answered.',
    labelNames: ['webhook', 'code', 'allowed', 'operation', 'dry_run'],
    registers,
  });
  const duration = new Histogram({
    name: 'walguard_admission_review_duration_seconds',
    help: 'Time to answer an admission review, from its headers to the last byte of the answer.',
    labelNames: ['webhook', 'allowed', 'operation', 'dry_run'],
    buckets: REVIEW_BUCKETS,
    registers,
  });
  const refused = new Counter({
    name: 'walguard_admission_refused_total',
    help: 'Requests that are no review, or came too slowly, by HTTP status.',
    labelNames: ['status'],
    registers,
  });
  const shed = new Counter({
    name: 'walguard_admission_shed_total',
    help: 'Reviews put off with 429 because there were too many at once.',
    registers,
  });
  const expiry = new Gauge({
    name: 'walguard_cert_expiry_timestamp_seconds',
    help: 'Unix seconds at which the serving certificate ends.',
    registers,
  });
  return {
    startReview: () => inFlight.inc(),
    endReview: () => inFlight.dec(),
    observeReview: ({ webhook, code, allowed, operation, isDryRun }, seconds) => {
      const labels = { webhook, allowed: String(allowed), operation, dry_run: String(isDryRun) };
      reviews.inc({ ...labels, code });
      duration.observe(labels, seconds);
    },
    observeRefused: (status) => (status === 429 ? shed.inc() : refused.inc({ status: String(status) })),
    setCertificateExpiry: (time) => expiry.set(time.getTime() / 1000),
  };
}
