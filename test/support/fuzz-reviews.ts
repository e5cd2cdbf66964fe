// Requests for reviews as nobody should send them, and what each must be answered with.
import { gzipSync } from 'node:zlib';
import { CASES } from './cases.ts';
import { buildPolicyAndRestoreReviews } from './fuzz-objects.ts';
import { createRandom, makeValue, mutate, type Random } from './fuzz-values.ts';
import { injected } from './injected.ts';
import { buildReview } from './reviews.ts';
import { buildWorkload } from './workloads.ts';

export interface FuzzCase {
  readonly kind: string;
  readonly head: string;
  readonly body: Buffer;
  /** The status of the answer; 200 comes with `uid`. Undefined where the connection is cut. */
  readonly status: number | undefined;
  readonly uid?: string;
}

const PATHS = ['/mutate', '/validate', '/validate/warn', '/validate/audit', '/validate/policies', '/validate/restores'];

/** Real reviews, as text: parsing is the quickest copy. */
const BASES: readonly string[] = [
  ...Object.values(CASES).flatMap((build) => [
    buildReview(build()),
    buildReview(build(), injected(build())),
    buildReview(injected(build()), injected(build())),
  ]),
  buildReview(buildWorkload()),
  buildReview(buildWorkload({ policy: 'nowhere' })),
  buildReview(null, buildWorkload()),
  ...buildPolicyAndRestoreReviews(),
].map((review) => JSON.stringify(review));

type Maker = (random: Random, uid: string) => FuzzCase;

/** Weights of a thousand. */
const MAKERS: readonly [weight: number, maker: Maker][] = [
  [640, makeMutated],
  [150, makeDamaged],
  [50, makeNoEnvelope],
  [40, makeWrongHeaders],
  [30, makeWrongPlace],
  [30, makeOddJson],
  [20, makeChunked],
  [20, makeCut],
  [15, makeWhole],
  [3, makeDeep],
  [1, makeStutter],
  [1, makeHuge],
];

const BY_WEIGHT = MAKERS.flatMap(([weight, maker]) => Array.from({ length: weight }, () => maker));

export function createFuzzer(seed: number): () => FuzzCase {
  const random = createRandom(seed);
  let count = 0;
  return () => {
    return random.pick(BY_WEIGHT)(random, `fuzz-${++count}`);
  };
}

interface Review {
  apiVersion: unknown;
  kind: unknown;
  request: Record<string, unknown>;
}

function take(random: Random, uid: string): Review {
  const review = JSON.parse(random.pick(BASES)) as Review;
  review.request.uid = uid;
  return review;
}

function toCase(kind: string, random: Random, body: string | Buffer, uid: string | undefined): FuzzCase {
  const bytes = Buffer.from(body as string);
  const head = `POST ${random.pick(PATHS)}?timeout=5s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${bytes.length}\r\n\r\n`;
  return uid === undefined ? { kind, head, body: bytes, status: 400 } : { kind, head, body: bytes, status: 200, uid };
}

function makeWhole(random: Random, uid: string): FuzzCase {
  return toCase('whole', random, JSON.stringify(take(random, uid)), uid);
}

/** Anything but the uid, at any depth. */
function makeMutated(random: Random, uid: string): FuzzCase {
  const review = take(random, uid);
  for (let times = 1 + random.below(4); times > 0; times--) mutate(review.request, random, 200);
  review.request.uid = uid;
  return toCase('mutated', random, JSON.stringify(review), uid);
}

/** What makes it a review is gone or wrong. */
function makeNoEnvelope(random: Random, uid: string): FuzzCase {
  const review = take(random, uid);
  const value = makeValue(random, 50);
  switch (random.below(5)) {
    case 0:
      review.apiVersion = value;
      break;
    case 1:
      review.kind = value;
      break;
    case 2:
      review.request = random.pick([null, [], 1, 'request', undefined]) as never;
      break;
    case 3:
      review.request.uid = random.pick([null, '', 1, [uid], { uid }, undefined]);
      break;
    default:
      return toCase('no envelope', random, JSON.stringify(value), undefined);
  }
  return toCase('no envelope', random, JSON.stringify(review), undefined);
}

/** Bytes cut off, changed, put in or doubled. What a strict reader makes of them is what is expected. */
function makeDamaged(random: Random, uid: string): FuzzCase {
  let bytes = Buffer.from(JSON.stringify(take(random, uid)));
  for (let times = 1 + random.below(3); times > 0; times--) {
    const at = random.below(bytes.length + 1);
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
    const junk = Buffer.from(Array.from({ length: 1 + random.below(8) }, () => random.below(256)));
    const slice = bytes.subarray(at, at + random.below(40));
    bytes = Buffer.concat(
      random.pick([
        [head],
        [head, junk, tail],
        [head, slice, tail],
        [head, tail.subarray(1)],
        [head, junk, tail.subarray(junk.length)],
      ]),
    );
  }
  return toCase('damaged', random, bytes, readUid(bytes));
}

function readUid(bytes: Buffer): string | undefined {
  try {
    const review = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    const { uid } = review.request;
    const isReview = review.apiVersion === 'admission.k8s.io/v1' && review.kind === 'AdmissionReview';
    return isReview && typeof uid === 'string' && uid !== '' ? uid : undefined;
  } catch {
    return undefined;
  }
}

function makeOddJson(random: Random, uid: string): FuzzCase {
  const text = JSON.stringify(take(random, uid));
  const odd = random.pick([
    () => `\uFEFF${text}`,
    () => ` \r\n\t${text}\n\n`,
    () => text.replace('"spec":', `"spec":{},"spec":[],"spec":`),
    () => text.replace('"request":{', `"request":7,"request":{"uid":"other",`),
    () => text.replace(/:1([,}])/, `:${random.pick(['1e999', '-1e999', '9'.repeat(500), '1E-400', '-0'])}$1`),
    () => text.replaceAll('{"', '{"__proto__":{"polluted":true},"'),
    () => text.replaceAll('{"', '{"constructor":{"prototype":{"polluted":true}},"'),
    () =>
      text.replace('"metadata":{', `"metadata":{${Array.from({ length: 2000 }, (_, key) => `"k${key}":1`).join()},`),
  ])();
  return toCase('odd JSON', random, odd, uid);
}

function makeWrongHeaders(random: Random, uid: string): FuzzCase {
  const text = JSON.stringify(take(random, uid));
  const [type, encoding, body] = random.pick<[string | undefined, string | undefined, () => Buffer]>([
    [undefined, undefined, () => Buffer.from(text)],
    ['text/plain', undefined, () => Buffer.from(text)],
    ['application/yaml', undefined, () => Buffer.from(text)],
    ['application/json; charset=utf-16le', undefined, () => Buffer.from(text, 'utf16le')],
    ['application/vnd.kubernetes.protobuf', undefined, () => Buffer.from([0x6b, 0x38, 0x73, 0, 1, 2, 3])],
    ['application/json', 'gzip', () => gzipSync(text)],
    ['application/json', 'br', () => Buffer.from(text)],
    ['application/json', 'gzip', () => Buffer.from(text)],
  ]);
  const bytes = body();
  const headers = [
    ...(type === undefined ? [] : [`Content-Type: ${type}`]),
    ...(encoding === undefined ? [] : [`Content-Encoding: ${encoding}`]),
    `Content-Length: ${bytes.length}`,
  ];
  const head = `POST ${random.pick(PATHS)} HTTP/1.1\r\nHost: a\r\n${headers.join('\r\n')}\r\n\r\n`;
  return { kind: 'wrong headers', head, body: bytes, status: 415 };
}

function makeWrongPlace(random: Random, uid: string): FuzzCase {
  const body = Buffer.from(JSON.stringify(take(random, uid)));
  const isPath = random.chance(0.5);
  const method = isPath ? 'POST' : random.pick(['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE']);
  const path = isPath
    ? random.pick([
        '/',
        '/mutate/',
        '/MUTATE',
        '/validate/off',
        '/%',
        '/..',
        '/__proto__',
        '/constructor',
        '/a?b=[c',
        '*',
      ])
    : random.pick(PATHS);
  const head = `${method} ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  return { kind: 'wrong place', head, body, status: isPath ? 404 : 405 };
}

function makeChunked(random: Random, uid: string): FuzzCase {
  const { head, body, ...rest } = random.chance(0.5) ? makeMutated(random, uid) : makeDamaged(random, uid);
  const chunks: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const chunk = body.subarray(at, at + 1 + random.below(2000));
    at += chunk.length;
    chunks.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
  }
  return {
    ...rest,
    kind: 'chunked',
    head: head.replace(/Content-Length: \d+/, 'Transfer-Encoding: chunked'),
    body: Buffer.concat([...chunks, Buffer.from('0\r\n\r\n')]),
  };
}

function makeCut(random: Random, uid: string): FuzzCase {
  const { head, body } = makeWhole(random, uid);
  return random.chance(0.2)
    ? { kind: 'cut', head: head.slice(0, random.below(head.length)), body: Buffer.alloc(0), status: undefined }
    : { kind: 'cut', head, body: body.subarray(0, random.below(body.length)), status: undefined };
}

const LEVELS = 10_000;

function makeDeep(random: Random, uid: string): FuzzCase {
  const [open, close] = random.pick([
    ['[', ']'],
    ['{"a":', '}'],
    ['{"__proto__":', '}'],
    ['{"containers":[', ']}'],
  ] as const);
  const deep = `${open.repeat(LEVELS)}1${close.repeat(LEVELS)}`;
  const places = ['"metadata":', '"spec":', '"containers":', '"template":', '"request":', '"labels":'];
  const place = random.pick(places);
  const isInstead = random.chance(0.5) && place !== '"request":';
  const text = JSON.stringify(take(random, uid));
  const body = isInstead
    ? text.replace(place, `${place}${deep},"was":`)
    : text.replace(place, `"deep":${deep},${place}`);
  return toCase('deep', random, body, uid);
}

/** Long texts where short ones are expected. */
function makeStutter(random: Random, uid: string): FuzzCase {
  const review = take(random, uid);
  for (let times = 0; times < 6; times++) mutate(review.request, random, 50_000);
  review.request.uid = uid;
  return toCase('stutter', random, JSON.stringify(review), uid);
}

const MIB = 1024 * 1024;

/** Objects as large as an API server takes them, in one field or in very many; and bodies beyond the limit. */
function makeHuge(random: Random, uid: string): FuzzCase {
  const text = JSON.stringify(take(random, uid));
  const fill = random.pick([
    () => `"big":"${'x'.repeat(3 * MIB)}",`,
    () => Array.from({ length: 100_000 }, (_, key) => `"key-${key}":"value-${key}",`).join(''),
    () => `"env":[${Array.from({ length: 60_000 }, (_, key) => `{"name":"E${key}","value":"${key}"}`).join()}],`,
    () => `"big":"${'y'.repeat(9 * MIB)}",`,
  ])();
  const place = random.pick(['"metadata":{', '"spec":{', '"request":{']);
  const body = Buffer.from(text.replace(place, `${place}${fill}`));
  if (body.length <= 8 * MIB) return toCase('huge', random, body, uid);
  return { ...toCase('huge', random, body, undefined), kind: 'huge', status: 413 };
}
