import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createDumpCounter, type DumpCounts } from '../../src/lib/dump-counter.ts';

function count(text: string, sizes: readonly number[] = [Number.POSITIVE_INFINITY]): DumpCounts {
  const bytes = Buffer.from(text);
  const counter = createDumpCounter();
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] as number;
    counter.push(bytes.subarray(at, at + size));
    at += size;
  }
  return counter.finish();
}

const COMPLETE = '--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict abc\n\n';
const CLUSTER_COMPLETE = '--\n-- PostgreSQL database cluster dump complete\n--\n\n';

const ROWS = 'COPY public.orders (id, name) FROM stdin;\n1\tone\n2\t\\N\n\\.\n\n\n';

/** All that could be taken for something else, as pg_dump 15 writes it. */
const TRAPS = String.raw`--
-- PostgreSQL database dump
--

\restrict abc

SET standard_conforming_strings = on;
CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA public;
COMMENT ON TABLE public.t IS 'it''s -- no comment; \
COPY public.t (a) FROM stdin;
-- PostgreSQL database dump complete
';
CREATE FUNCTION public.f() RETURNS text LANGUAGE plpgsql AS $_$ begin
COPY public.t (a) FROM stdin;
1
\.
return '$$ $x$'; $ $_ end $_$;
CREATE FUNCTION public.g() RETURNS text AS $$ COPY public.t FROM stdin; $$;
CREATE FUNCTION public.h() RETURNS text BEGIN ATOMIC SELECT 'a;'; SELECT $1; END;
CREATE VIEW public.v AS SELECT E'it\'s; ''COPY \\' AS "a;""b", e'' AS c, name'x' AS d, a$b$c FROM x;
CREATE VIEW public.w AS SELECT 1 -- PostgreSQL database dump complete
  FROM x;
CREATE VIEW public.x AS SELECT E'a''\';COPY x FROM stdin;' AS c;
SELECT pg_catalog.lowrite(0, '\xdeadbeef');
COPY public.nothing  FROM stdin;


\.
COPY shop."odd "".name(" ("FROM stdin", "a)") FROM stdin;
\\.
\.x
.
\.
`;

test('rows, tables and extensions are counted, and what only looks like them is not', () => {
  const counts = count(`${TRAPS}${ROWS}${COMPLETE}`);
  assert.deepEqual(counts, {
    databases: [
      {
        name: undefined,
        tables: [
          { name: 'public.nothing', rows: 2 },
          { name: 'shop."odd "".name("', rows: 3 },
          { name: 'public.orders', rows: 2 },
        ],
        extensions: ['pgcrypto', 'uuid-ossp'],
      },
    ],
    roles: [],
    tables: 3,
    rows: 7,
    ending: 'database',
  });
});

test('any chunking gives the same counts', () => {
  const text = `${TRAPS}\\connect other\n${ROWS}CREATE ROLE "ö;";\n${COMPLETE}${CLUSTER_COMPLETE}`;
  const whole = count(text);
  assert.equal(whole.ending, 'cluster');
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 }), (sizes) => {
      assert.deepEqual(count(text, sizes), whole);
    }),
    { numRuns: 300 },
  );
});

test('whatever the rows hold, they are counted', () => {
  const row = fc.string({ unit: fc.constantFrom('\\', '.', "'", '"', '$', ';', '-', 'a', '\t', 'ö'), maxLength: 6 });
  fc.assert(
    fc.property(fc.array(row.filter((text) => text !== '\\.')), fc.integer({ min: 1, max: 5 }), (rows, size) => {
      const lines = rows.map((each) => `${each}\n`).join('');
      const counts = count(`COPY t (a) FROM stdin;\n${lines}\\.\n\n${COMPLETE}`, [size]);
      assert.deepEqual([counts.rows, counts.ending], [rows.length, 'database']);
    }),
  );
});

test('a dump of a cluster tells its databases apart, by names of any kind', () => {
  const connects = [
    ['plain', 'plain'],
    ['"Quoted"', 'Quoted'],
    [`-reuse-previous=on "dbname='o\\'dd ""d"" \\\\ ünï'"`, `o'dd "d" \\ ünï`],
    [`-reuse-previous=on "dbname=a-b"`, 'a-b'],
  ];
  const text = connects.map(([written]) => `\\connect ${written}\n${ROWS}${COMPLETE}`).join('');
  const counts = count(`CREATE ROLE app;\nALTER ROLE app WITH LOGIN;\n${text}${CLUSTER_COMPLETE}`);
  assert.deepEqual(
    counts.databases.map(({ name, tables }) => [name, tables.length]),
    connects.map(([, name]) => [name, 1]),
  );
  assert.deepEqual([counts.roles, counts.ending], [['app'], 'cluster']);
});

test('a dump that is cut anywhere has no ending', () => {
  const text = `${TRAPS}${ROWS}${COMPLETE}`;
  const end = text.lastIndexOf('dump complete') + 'dump complete'.length;
  for (let at = 0; at <= end; at++) assert.equal(count(text.slice(0, at)).ending, undefined, `cut at ${at}`);
});

test('what comes after the last words takes them back', () => {
  for (const more of [ROWS, 'SELECT 1;\n', 'CREATE ROLE a;\n', '\\connect b\n', 'SELECT']) {
    assert.equal(count(`${COMPLETE}${more}`).ending, undefined, more);
  }
});

test('a statement of a megabyte is no trouble', () => {
  const bytes = 'ab'.repeat(500_000);
  const counts = count(`SELECT pg_catalog.lowrite(0, '\\x${bytes}');\nCOMMENT ON x IS '${bytes}';\n${ROWS}${COMPLETE}`);
  assert.deepEqual([counts.rows, counts.ending], [2, 'database']);
});
