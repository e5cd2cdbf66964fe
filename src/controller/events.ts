// Writes Events (events.k8s.io/v1) about databases and Restores: each occurrence once, few at a time, and never in the way of
// what they tell of. Room: controller (door).
import { EVENT_REASONS } from '../api/event-reasons.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { LABEL } from '../api/names.ts';
import { type Kube, KubeError } from '../kube/client.ts';
import { shortHash } from '../lib/json.ts';
import type { Logger } from '../telemetry/log.ts';
import { databaseWord } from './caches.ts';
import type { News } from './event-news.ts';

export interface Events {
  /** @param regarding that `kubectl describe` shows it with; @param related the other object that it is about */
  readonly tell: (news: readonly News[], regarding: KubeObject, related?: KubeObject) => void;
}

export interface EventOptions {
  readonly kube: Pick<Kube, 'create'>;
  readonly log: Logger;
  /** Of this process. */
  readonly instance: string;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/** Of one object: so many at once, and then one in each of these spans. */
const BURST = 20;
const REFILL_MS = 60_000;
/** The API server takes no more than 1024. */
const NOTE_LENGTH = 1000;

export function createEvents({ kube, log, instance, now }: EventOptions): Events {
  const spent = new Map<string, { readonly left: number; readonly at: number }>();

  /** @returns false where the object has had its share */
  function spend(key: string): boolean {
    const { left = BURST, at = now() } = spent.get(key) ?? {};
    const refilled = Math.min(BURST, left + (now() - at) / REFILL_MS);
    for (const [other, each] of spent) if (now() - each.at > BURST * REFILL_MS) spent.delete(other);
    if (refilled < 1) return false;
    spent.set(key, { left: refilled - 1, at: now() });
    return true;
  }

  async function write(news: News, regarding: KubeObject, related: KubeObject | undefined): Promise<void> {
    const { namespace = '', name = '' } = regarding.metadata;
    if (!spend(databaseWord(namespace, name))) return;
    const event = buildEvent(news, regarding, related, instance, new Date().toISOString());
    await kube.create(event).catch((error: Error) => {
      // It was told already, by this process or the one before it.
      if (error instanceof KubeError && error.status === 409) return;
      log.warn({ reason: news.reason, namespace, name, error: error.message }, 'an Event could not be written');
    });
  }

  return {
    tell: (news, regarding, related) => {
      for (const each of news) void write(each, regarding, related);
    },
  };
}

/** @param now RFC 3339 with milliseconds */
export function buildEvent(
  { reason, note, at }: News,
  regarding: KubeObject,
  related: KubeObject | undefined,
  instance: string,
  now: string,
): KubeObject {
  const { namespace = '', name = '', uid = '' } = regarding.metadata;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    // The same occurrence has the same name.
    metadata: {
      name: `${name}.${shortHash(`${uid}/${reason}/${at}`)}${shortHash(note)}`,
      namespace,
      labels: { [LABEL.managedBy]: 'walguard' },
    },
    eventTime: now.replace('Z', '000Z'),
    type: EVENT_REASONS[reason],
    reason,
    action: 'Observe',
    note: note.slice(0, NOTE_LENGTH),
    regarding: referTo(regarding),
    ...(related ? { related: referTo(related) } : {}),
    reportingController: 'walguard.dev/controller',
    reportingInstance: instance.slice(0, 128),
  };
}

function referTo({ apiVersion, kind, metadata: { namespace, name, uid } }: KubeObject): object {
  return { apiVersion, kind, namespace, name, ...(uid === undefined ? {} : { uid }) };
}
