// How a connection is made, against a stand-in that speaks the beginning of Postgres's protocol.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Connection, readPassword, withClient } from '../../src/tools/connection.ts';
import { makeTempDir } from '../support/temp.ts';

interface Stand {
  readonly connection: Connection;
  /** `plain` or `tls` for each connection's beginning, and each password. */
  readonly asked: string[];
}

const SSL_REQUEST = 80877103;
const ASK_PASSWORD = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]);
const ASK_SASL = Buffer.concat([Buffer.from([0x52, 0, 0, 0, 23, 0, 0, 0, 10]), Buffer.from('SCRAM-SHA-256\0\0')]);

function errorOf(code: string, message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0C${code}\0M${message}\0\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}

const REFUSAL = errorOf('28P01', 'password authentication failed');
const SASL_CONTINUE = Buffer.concat([Buffer.from([0x52, 0, 0, 0, 10, 0, 0, 0, 11]), Buffer.from('r=')]);

/** Answers the beginning of a connection with `first`, what comes next with `second`, and has no TLS. */
async function startPostgres(context: TestContext, first: Buffer, second = REFUSAL): Promise<Stand> {
  const asked: string[] = [];
  const server = createServer((socket) => {
    let begun = false;
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      // The end of a connection.
      if (data.length < 8) return;
      if (data.readInt32BE(4) === SSL_REQUEST && !begun) {
        asked.push('tls');
        return socket.end('N');
      }
      asked.push(begun ? data.subarray(5, -1).toString() : 'plain');
      socket.write(begun ? second : first);
      begun = true;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  return { connection: { host: '127.0.0.1', port: (server.address() as AddressInfo).port, user: 'postgres' }, asked };
}

const use = async () => assert.fail('it let us in');

test("a password's file is read anew at each connection", async (context) => {
  const { connection, asked } = await startPostgres(context, ASK_PASSWORD);
  const passwordFile = join(await makeTempDir(context), 'password');
  for (const password of ['one', 'two']) {
    writeFileSync(passwordFile, `${password}\n`);
    await assert.rejects(withClient({ ...connection, passwordFile }, use), /^error: password authentication failed$/);
  }
  assert.deepEqual(asked, ['plain', 'one', 'plain', 'two']);
});

test("a password's file that is not there is no password, and is said", async (context) => {
  const { connection } = await startPostgres(context, ASK_SASL);
  const passwordFile = join(await makeTempDir(context), 'absent');
  assert.equal(await readPassword({ user: 'postgres', passwordFile }), undefined);
  await assert.rejects(
    withClient({ ...connection, passwordFile }, use),
    new RegExp(`\\(the password's file ${passwordFile} cannot be read\\)$`),
  );
});

test('where a password is asked for and none is known, that is said, and none of another client is taken', async (context) => {
  const { connection, asked } = await startPostgres(context, ASK_SASL, SASL_CONTINUE);
  const before = process.env.PGPASSWORD;
  process.env.PGPASSWORD = 'of-another-client';
  context.after(() => {
    if (before === undefined) delete process.env.PGPASSWORD;
    else process.env.PGPASSWORD = before;
  });
  await assert.rejects(withClient(connection, use), /variables have none for "postgres"/);
  assert.doesNotMatch(asked.join(), /another/);
});

test('TLS is tried where the server asks for it, and only there', async (context) => {
  const strict = await startPostgres(context, errorOf('28000', 'pg_hba.conf rejects connection, no encryption'));
  await assert.rejects(withClient({ ...strict.connection, password: 'pw' }, use), /does not support SSL/);
  assert.deepEqual(strict.asked, ['plain', 'tls']);
  const other = await startPostgres(context, errorOf('28000', 'role "postgres" is not permitted to log in'));
  await assert.rejects(withClient({ ...other.connection, password: 'pw' }, use), /not permitted/);
  assert.deepEqual(other.asked, ['plain']);
});
