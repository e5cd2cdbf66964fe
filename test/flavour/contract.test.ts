// What every flavour must keep to, whatever it is given.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import type { Container } from '../../src/api/kubernetes.ts';
import type { Flavour } from '../../src/flavour/flavour.ts';
import { FLAVOURS } from '../../src/flavour/index.ts';
import { env, mountAt, SOURCE } from './build.ts';

/** From YAML that somebody wrote by hand: lists that are null, fields that are not there, numbers for strings. */
const ODD: Readonly<Record<string, unknown>> = {
  'no image': {},
  'an empty image': { image: '' },
  'an image that is only a tag': { image: ':15' },
  'an image that is only a digest': { image: '@sha256:0123' },
  'an image of a directory': { image: 'registry.example:5000/' },
  'empty lists': { image: 'postgresql', command: [], args: [], env: [], envFrom: [], volumeMounts: [] },
  'lists that are null': {
    image: 'postgresql',
    command: null,
    args: null,
    env: null,
    envFrom: null,
    volumeMounts: null,
  },
  'a null command before arguments': { image: 'postgres:15', command: null, args: ['bash'] },
  'null arguments after a command': { image: 'postgres:15', command: ['sleep'], args: null },
  'numbers in lists': { image: 'postgres:15', command: [1], args: ['-p', 5433, null] },
  'options cut short': { image: 'postgres:15', args: ['-c', '-p'] },
  'entries without a value': { image: 'postgres:15', env: [{ name: 'PGDATA' }, { name: 'PGPORT', value: null }, {}] },
  'a number as a value': { image: 'postgres:15', env: [{ name: 'PGPORT', value: 5433 }] },
  'a mount without a path': { image: 'postgresql', volumeMounts: [{ name: 'data' }] },
  'values from elsewhere': { image: 'postgresql', env: env({ PGDATA: undefined, PGPORT: undefined }), envFrom: SOURCE },
  everything: {
    image: 'spilo',
    command: ['patroni'],
    env: env({ PGROOT: '/', PATRONI_POSTGRESQL_LISTEN: ':' }),
    ...mountAt('/'),
  },
};

function callAll(flavour: Flavour, container: Container): void {
  flavour.matches(container);
  flavour.startsServer(container);
  flavour.pgdata(container);
  flavour.identity(container);
  flavour.port(container);
  flavour.channel(container);
  flavour.listOptions(container, 'at');
  for (const isStated of [true, false]) flavour.findUnreachable(container, 'at', isStated);
  flavour.findObstacles(container, 'at');
  flavour.imageVariables(container);
}

for (const flavour of FLAVOURS) {
  for (const [name, fields] of Object.entries(ODD)) {
    const container = { name: 'database', ...(fields as object) } as Container;

    test(`${flavour.id} bears ${name}, and leaves it as it is`, () => {
      const before = structuredClone(container);
      callAll(flavour, container);
      assert.deepEqual(container, before);
    });

    test(`${flavour.id} says a sane port and identity of ${name}`, () => {
      const port = flavour.port(container);
      assert.ok(Number.isInteger(port) && port > 0 && port < 65536, `port ${port}`);
      const { uid, gid } = flavour.identity(container) ?? { uid: 1, gid: 1 };
      assert.ok(Number.isInteger(uid) && uid > 0 && Number.isInteger(gid) && gid >= 0, `${uid}:${gid}`);
    });
  }

  test(`${flavour.id} gives reasons that say what to do`, () => {
    const container: Container = { name: 'database', image: 'bitnami/postgresql-repmgr', command: ['sleep'] };
    const reasons = [...flavour.findObstacles(container, 'at'), ...flavour.findUnreachable(container, 'at', false)];
    for (const { code, field, seen, remedy } of reasons) {
      assert.match(code, /^[a-z]+(-[a-z]+)*$/);
      assert.match(field, /^at(\.|$)/);
      assert.ok(seen.length > 0);
      assert.match(remedy, /^[\w"].*\.$/s);
    }
  });
}

/** The names of variables that login reads, when those that it asks for are set, and when they are not. */
function namesRead({ login }: Flavour, value: (name: string) => string | undefined): Set<string> {
  const names = new Set<string>();
  login(
    new Proxy(
      {},
      {
        get: (_, name) => {
          names.add(String(name));
          return value(String(name));
        },
      },
    ),
  );
  return names;
}

for (const flavour of FLAVOURS) {
  test(`every variable that login of ${flavour.id} reads is among its loginVariables`, () => {
    for (const value of [() => undefined, () => 'set', (name: string) => (/USER/.test(name) ? 'app' : undefined)]) {
      const unlisted = [...namesRead(flavour, value)].filter((name) => !flavour.loginVariables.includes(name));
      assert.deepEqual(unlisted, []);
    }
  });

  test(`loginVariables of ${flavour.id} name each variable once, and those of the image are among them`, () => {
    assert.equal(new Set(flavour.loginVariables).size, flavour.loginVariables.length);
    const told = flavour.imageVariables({ name: 'database', image: 'supabase/postgres:15' });
    assert.ok(told.every(({ name }) => flavour.loginVariables.includes(name)));
  });

  test(`login of ${flavour.id} says a user, and a file's path comes from a variable whose name says so`, () => {
    assert.notEqual(flavour.login({}).user, '');
    const all = Object.fromEntries(flavour.loginVariables.map((name) => [name, name]));
    assert.match(flavour.login(all).passwordFile ?? '_FILE', /_FILE$/);
  });
}

test("a flavour's id is its file's name, and no two have the same", () => {
  const files = readdirSync(new URL('../../src/flavour/', import.meta.url));
  for (const { id } of FLAVOURS) assert.ok(files.includes(`${id}.ts`), id);
  assert.equal(new Set(FLAVOURS.map(({ id }) => id)).size, FLAVOURS.length);
});

test('an image belongs to one family at most, other than Patroni', () => {
  for (const image of ['postgres:15', 'bitnami/postgresql:16', 'supabase/postgres:15', 'redis:7', 'zalando/spilo-17']) {
    const ids = FLAVOURS.filter((each) => each.matches({ name: 'database', image })).map(({ id }) => id);
    assert.ok(ids.length <= 1, `${image}: ${ids}`);
  }
});
