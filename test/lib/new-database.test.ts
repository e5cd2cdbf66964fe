// A new database beside others, and in the place of one: each row of the table of names, and what is refused before it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  asideName,
  choosePart,
  decideStep,
  describeSwap,
  describeWayBack,
  markOf,
  type Part,
  type Standing,
  type Wish,
  workName,
} from '../../src/lib/new-database.ts';

const DUMP = '20261121T020000Z-pg_dump';
const BESIDE: Wish = { restore: 'undo', name: 'again', of: 'shop' };
const SWAP: Wish = { ...BESIDE, swap: 'shop' };
const GIB = 1024 ** 3;
const PART = { file: {}, database: { name: 'shop', owner: 'app', bytes: GIB } } as unknown as Part;

function standing(names: Readonly<Record<string, string | null>>, more: Partial<Standing> = {}): Standing {
  return {
    isSuperuser: true,
    inRecovery: false,
    databases: new Map(Object.entries(names)),
    roles: new Set(['app']),
    ties: [],
    freeBytes: 3 * GIB,
    ...more,
  };
}

const OURS = markOf(BESIDE, DUMP);
const ASIDE = 'shop_before_undo';
const TAKEN = /^database "again" exists already and stays as it is; name another one/;
const SWAPPED =
  /^"shop_before_undo" exists already: .* Back to it: begin; alter database "shop" rename to "again"; .* commit;/;
const AWAY =
  /^"shop" is not there, but "shop_before_undo" is\. To have it back: alter database "shop_before_undo" rename to "shop";$/;
const NOTHING = /^there is no database "shop" to replace; load it under that name, without swap$/;

/** new | replaced | aside | swap | what is done, or why not */
const ROWS: readonly (readonly [
  made: 'none' | 'ours' | 'other',
  old: boolean,
  aside: boolean,
  swap: boolean,
  RegExp | string,
])[] = [
  ...[true, false].flatMap((old) =>
    [true, false].flatMap((aside) => [true, false].map((swap) => ['other', old, aside, swap, TAKEN] as const)),
  ),
  ...[true, false].flatMap((old) =>
    [true, false].flatMap((aside) => [
      ['none', old, aside, false, 'load'] as const,
      ['ours', old, aside, false, 'nothing'] as const,
    ]),
  ),
  ['none', true, false, true, 'load'],
  ['ours', true, false, true, 'swap'],
  ['none', true, true, true, SWAPPED],
  ['ours', true, true, true, SWAPPED],
  ['none', false, true, true, AWAY],
  ['ours', false, true, true, AWAY],
  ['none', false, false, true, NOTHING],
  ['ours', false, false, true, NOTHING],
];

for (const [made, old, aside, swap, expected] of ROWS) {
  test(`new ${made}, replaced ${old}, aside ${aside}, swap ${swap}: ${expected}`, () => {
    const names = {
      ...(made === 'none' ? {} : { again: made === 'ours' ? OURS : 'of somebody else' }),
      ...(old ? { shop: null } : {}),
      ...(aside ? { [ASIDE]: null } : {}),
    };
    const step = decideStep(swap ? SWAP : BESIDE, PART, DUMP, standing(names));
    if (typeof expected === 'string') return assert.equal(step.kind, expected);
    assert.equal(step.kind, 'refused');
    return assert.match(step.why, expected);
  });
}

test('the table has every row once', () => {
  assert.equal(new Set(ROWS.map((row) => row.slice(0, 4).join())).size, 3 * 2 * 2 * 2);
});

const REFUSED: readonly (readonly [Partial<Standing>, Wish, RegExp])[] = [
  [{ inRecovery: true }, BESIDE, /^the server is a standby now/],
  [{ isSuperuser: false }, BESIDE, /^the login is no superuser/],
  [{}, { ...BESIDE, name: 'ü'.repeat(32) }, /has 64 bytes, and Postgres takes 63/],
  [{ roles: new Set() }, { ...BESIDE, of: 'gone' }, /^role "app", the owner of "gone" in the dump, does not exist/],
  [{ freeBytes: 2 * GIB }, BESIDE, /needs about 2\.50 GiB, with its WAL; 2\.00 GiB are free/],
  [
    { ties: ['a subscription s', 'a logical replication slot t'] },
    SWAP,
    /it has a subscription s, a logical replication slot t\./,
  ],
];

for (const [more, wish, why] of REFUSED) {
  test(`${JSON.stringify(Object.keys(more))} ${wish.name}: refused, because ${why}`, () => {
    const step = decideStep(wish, PART, DUMP, standing({ shop: null }, more));
    assert.match(step.kind === 'refused' ? step.why : step.kind, why);
  });
}

test('what ties a database to its place does not matter where it stays there; nor does room where it is loaded already', () => {
  assert.equal(decideStep(BESIDE, PART, DUMP, standing({ shop: null }, { ties: ['x'] })).kind, 'load');
  assert.equal(decideStep(SWAP, PART, DUMP, standing({ shop: null, again: OURS }, { freeBytes: 0 })).kind, 'swap');
});

test('it is known again only by the same restore, database and dump', () => {
  const of = (wish: Wish, dump: string) => decideStep(wish, PART, dump, standing({ shop: null, again: OURS })).kind;
  assert.equal(of(BESIDE, DUMP), 'nothing');
  assert.deepEqual(
    [
      of({ ...BESIDE, restore: 'other' }, DUMP),
      of({ ...BESIDE, of: 'carts' }, DUMP),
      of(BESIDE, '20261122T020000Z-pg_dump'),
    ],
    ['refused', 'refused', 'refused'],
  );
});

test('names fit into what Postgres keeps of them, and differ where they are cut', () => {
  const long = (restore: string): Wish => ({ ...SWAP, restore, swap: 'ü'.repeat(30) });
  const [a, b] = [long(`${'r'.repeat(60)}a`), long(`${'r'.repeat(60)}b`)];
  for (const name of [workName(a), asideName(a), workName(b)]) assert.ok(Buffer.byteLength(name) <= 63, name);
  assert.notEqual(workName(a), workName(b));
  assert.notEqual(asideName(a), asideName(b));
  assert.deepEqual([workName(SWAP), asideName(SWAP)], ['walguard_load_undo', ASIDE]);
});

test('the swap by hand and the way back undo each other', () => {
  assert.equal(
    describeSwap(BESIDE),
    'begin; alter database "shop" rename to "shop_before_undo"; alter database "again" rename to "shop"; commit;',
  );
  assert.equal(
    describeWayBack(SWAP),
    'begin; alter database "shop" rename to "again"; alter database "shop_before_undo" rename to "shop"; commit;',
  );
});

test('which dumps can be loaded beside others: archives of one database', () => {
  const file = (database: string, format: string) => ({ kind: 'database', database, format, path: 'x' });
  const databases = [{ name: 'postgres' }, { name: 'shop' }];
  const choose = (more: object, of = 'shop') =>
    choosePart({ name: DUMP, tool: 'pg_dump', databases, ...more } as never, of);
  const found = choose({ files: [{ kind: 'roles' }, file('postgres', 'custom'), file('shop', 'custom')] });
  assert.deepEqual(found, { file: file('shop', 'custom'), database: { name: 'shop' } });
  assert.match(
    String(choose({ files: [file('shop', 'sql.gz')] })),
    /is SQL that makes "shop" under its own name .*--as/,
  );
  assert.match(
    String(choose({ tool: 'pg_dumpall', files: [] })),
    /one text of the whole server, with its roles; .*--as/,
  );
  assert.match(String(choose({ files: [] }, 'carts')), /no database "carts" .*; it holds postgres, shop$/);
});
