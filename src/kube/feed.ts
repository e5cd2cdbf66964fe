// What a cache of a kind is fed from: its objects page by page, and from there on every change. Room: kube.
import { HttpMethod, type KubeConfig } from '@kubernetes/client-node';
import type { KubeObject } from '../api/kubernetes.ts';
import { KubeError } from './error.ts';
import { pathOf } from './path.ts';
import { type CallLimits, open, send } from './request.ts';

/** A kind in all namespaces, or one object; as far as the selectors go. */
export interface Selection {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface Page {
  readonly items: readonly KubeObject[];
  /** Of the whole list: from there a watch misses nothing. */
  readonly resourceVersion: string;
  /** Where the next page begins; undefined after the last one. */
  readonly next: string | undefined;
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: KubeObject;
}

export interface Feed {
  readonly listPage: (what: Selection, next?: string) => Promise<Page>;
  /**
   * Ends where the server ends it, as it is asked to after half a minute. Throws when the connection breaks, stays silent
   * beyond that, or says something that is no event; KubeError 410 when the resourceVersion is too old to go on from.
   * @param from resourceVersion; without it the objects that there are come first
   */
  readonly follow: (what: Selection, from: string | undefined, signal: AbortSignal) => AsyncIterable<WatchEvent>;
}

export interface FeedLimits extends CallLimits {
  /** Of one page. */
  readonly pageSize?: number;
  /** A watch without a byte for this long is dead: the server ends each in less, with a bookmark before. */
  readonly silenceMs?: number;
}

/** StatefulSets of 10 kB each are 2 MB, and several kinds are listed at a time. */
const PAGE_SIZE = 200;
/**
 * The server sends a bookmark two seconds before it ends a watch, and else each minute. So short ones cost one request in
 * half a minute, are known to be dead soon after, and never fall behind on a kind of which nothing changes.
 */
const WATCH_SECONDS = { least: 30, spread: 10 } as const;
const SILENCE_MS = 45_000;

export function createFeed(config: KubeConfig, limits: FeedLimits = {}): Feed {
  return {
    listPage: async (what, next) => {
      const query = {
        ...selectors(what),
        limit: `${limits.pageSize ?? PAGE_SIZE}`,
        ...(next ? { continue: next } : {}),
      };
      const list = (await send(config, limits, { method: HttpMethod.GET, path: pathWith(what, query) })) as RawList;
      const { apiVersion, kind } = what;
      return {
        // Items of a list come without these two.
        items: list.items.map((item) => ({ ...item, apiVersion, kind })),
        resourceVersion: list.metadata.resourceVersion ?? '',
        next: list.metadata.continue || undefined,
      };
    },
    follow: (what, from, signal) => follow(config, limits, what, from, signal),
  };
}

interface RawList {
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items: readonly KubeObject[];
}

function selectors({ labelSelector, fieldSelector }: Selection): Record<string, string> {
  return { ...(labelSelector ? { labelSelector } : {}), ...(fieldSelector ? { fieldSelector } : {}) };
}

function pathWith({ apiVersion, kind, namespace }: Selection, query: Record<string, string>): string {
  const path = pathOf({ apiVersion, kind, metadata: namespace === undefined ? {} : { namespace } });
  return `${path}?${new URLSearchParams(query)}`;
}

async function* follow(
  config: KubeConfig,
  { silenceMs = SILENCE_MS }: FeedLimits,
  what: Selection,
  from: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent> {
  const query = {
    watch: 'true',
    allowWatchBookmarks: 'true',
    timeoutSeconds: `${WATCH_SECONDS.least + Math.floor(Math.random() * WATCH_SECONDS.spread)}`,
    ...(from === undefined ? {} : { resourceVersion: from }),
    ...selectors(what),
  };
  const silence = startDeadline(silenceMs);
  try {
    const limits = AbortSignal.any([signal, silence.signal]);
    const { body } = await open(config, { method: HttpMethod.GET, path: pathWith(what, query) }, limits);
    for await (const line of readLines((body ?? []) as AsyncIterable<Uint8Array>, silence.restart)) {
      yield parseEvent(line);
    }
  } finally {
    silence.end();
  }
}

interface Deadline {
  readonly signal: AbortSignal;
  readonly restart: () => void;
  /** Ends the connection too, where it is still open. */
  readonly end: () => void;
}

function startDeadline(ms: number): Deadline {
  const controller = new AbortController();
  const expire = () => controller.abort(new Error(`the watch was silent for ${ms / 1000} s`));
  const timer = setTimeout(expire, ms);
  return {
    signal: controller.signal,
    restart: () => void timer.refresh(),
    end: () => {
      clearTimeout(timer);
      controller.abort();
    },
  };
}

/** Whole ones: what a connection was cut in the middle of comes again, because the watch goes on from before it. */
async function* readLines(body: AsyncIterable<Uint8Array>, onBytes: () => void): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  for await (const chunk of body) {
    onBytes();
    const [first = '', ...others] = decoder.decode(chunk, { stream: true }).split('\n');
    parts.push(first);
    for (const other of others) {
      yield parts.join('');
      parts = [other];
    }
  }
}

function parseEvent(line: string): WatchEvent {
  const { type, object } = JSON.parse(line) as { type: string; object: KubeObject & Status };
  if (type === 'ERROR') throw new KubeError(object?.code ?? 500, object?.message ?? 'the watch ended with an error');
  if (!isKnown(type) || typeof object?.metadata !== 'object') throw new Error(`the watch said something else: ${type}`);
  return { type, object };
}

interface Status {
  readonly code?: number;
  readonly message?: string;
}

function isKnown(type: string): type is WatchEvent['type'] {
  return ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK'].includes(type);
}
