// JSON lines on stdout by pino; secrets are redacted wherever they could appear in a logged object. Room: telemetry.
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

const SECRET_KEYS = [
  'password',
  'PGPASSWORD',
  'POSTGRES_PASSWORD',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'data',
];

/** @param room `webhook`, `controller`, `sidecar` ...: on every line */
export function createLogger(room: string, destination?: DestinationStream): Logger {
  const options = {
    level: process.env.LOG_LEVEL || 'info',
    base: { room },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '[redacted]' },
  };
  return destination ? pino(options, destination) : pino(options);
}
