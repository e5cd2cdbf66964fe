import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRecordedLog } from '../support/recorded-log.ts';

test('a line is JSON with room, level, ISO time and message', () => {
  const { log, lines } = createRecordedLog();
  log.info({ name: 'orders' }, 'reviewed');
  const [line] = lines;
  assert.deepEqual([line?.room, line?.msg, line?.name, line?.level], ['test', 'reviewed', 'orders', 30]);
  assert.match(String(line?.time), /^\d{4}-\d{2}-\d{2}T.*Z$/);
});

const SECRET_KEYS = [
  'password',
  'PGPASSWORD',
  'POSTGRES_PASSWORD',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'data',
];

for (const key of SECRET_KEYS) {
  test(`${key} is redacted at the top, one level down and two`, () => {
    const { log, text } = createRecordedLog();
    const secret = { [key]: 'hunter2' };
    log.info(secret, 'top');
    log.info({ env: secret }, 'one');
    log.error({ object: { env: secret } }, 'two');
    log.child({ companion: 'x' }).warn({ connection: { ...secret, host: 'db' } }, 'child');
    assert.doesNotMatch(text(), /hunter2/);
    assert.equal(text().match(/\[redacted\]/g)?.length, 4);
    assert.match(text(), /"host":"db"/, 'the rest stays');
  });
}

test('redaction leaves the logged object as it was', () => {
  const connection = { password: 'hunter2' };
  createRecordedLog().log.info({ connection }, 'x');
  assert.equal(connection.password, 'hunter2');
});
