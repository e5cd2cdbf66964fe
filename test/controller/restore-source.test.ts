// Which cluster a Restore reads: each row of the table.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instance } from '../../src/api/protected-database.ts';
import { chooseSource, type RestoreSource } from '../../src/controller/restore-source.ts';
import { buildRestoreOf } from '../support/subjects.ts';

const PREFIX = 's3://backups/shop/orders/15/';

function instance(number: number, clusterId: string, inRecovery?: boolean): Instance {
  const pod = `orders-${number}`;
  return {
    pod,
    clusterId,
    storagePrefix: `${PREFIX}${clusterId}`,
    ...(inRecovery === undefined ? {} : { inRecovery }),
  };
}

const UNKNOWN: Instance = { pod: 'orders-9' };
const AWAY: Instance = { ...instance(2, '3'), message: 'scaled away' };

interface Row {
  readonly name: string;
  readonly named?: string;
  readonly instances: readonly Instance[];
  readonly source: RestoreSource | RegExp;
}

const of = (clusterId: string, pod: string): RestoreSource => ({
  storagePrefix: `${PREFIX}${clusterId}`,
  pod,
});

const ROWS: readonly Row[] = [
  { name: 'nothing is known', instances: [], source: /^nothing is known of where "orders" archives/ },
  {
    name: 'a pod says that it archives where another database does',
    instances: [{ ...instance(0, '1', false), storagePrefix: 's3://backups/bank/salaries/15/1' }],
    source: /^nothing is known/,
  },
  { name: 'no cluster is known', instances: [UNKNOWN], source: /^nothing is known/ },
  { name: 'there is one instance', instances: [instance(0, '1', false)], source: of('1', 'orders-0') },
  { name: 'one of two is known', instances: [UNKNOWN, instance(1, '1')], source: of('1', 'orders-1') },
  {
    name: 'there are a standby and its primary: the primary is flushed',
    instances: [instance(0, '1', true), instance(1, '1', false), instance(2, '1', true)],
    source: of('1', 'orders-1'),
  },
  {
    name: 'no member is known to be the primary',
    instances: [instance(0, '1', true), instance(1, '1')],
    source: of('1', 'orders-0'),
  },
  {
    name: 'there are two clusters, and none is named',
    instances: [instance(0, '1', false), instance(1, '2', false), AWAY],
    source:
      /^the pods of "orders" are 3 clusters .* \(spec\.source\.instance, or --instance\): orders-0, orders-1, orders-2$/,
  },
  {
    name: 'one of two clusters is named',
    named: 'orders-1',
    instances: [instance(0, '1', false), instance(1, '2', false)],
    source: of('2', 'orders-1'),
  },
  {
    name: 'a standby is named: its primary is flushed',
    named: 'orders-0',
    instances: [instance(0, '1', true), instance(1, '1', false), instance(2, '2', false)],
    source: of('1', 'orders-1'),
  },
  {
    name: 'an instance is named that was scaled away',
    named: 'orders-2',
    instances: [instance(0, '1', false), AWAY],
    source: of('3', 'orders-2'),
  },
  { name: 'only one is known, and it was scaled away', instances: [AWAY], source: of('3', 'orders-2') },
  {
    name: 'an instance is named that is not there',
    named: 'orders-7',
    instances: [instance(0, '1'), UNKNOWN],
    source: /^"orders" has no instance "orders-7" that archives; there are: orders-0$/,
  },
  {
    name: 'an instance is named of which nothing is known',
    named: 'orders-9',
    instances: [instance(0, '1'), UNKNOWN],
    source: /^"orders" has no instance "orders-9" that archives/,
  },
];

for (const { name, named, instances, source } of ROWS) {
  test(`the source where ${name}`, () => {
    const restore = buildRestoreOf();
    if (named !== undefined) restore.spec.source.instance = named;
    const chosen = chooseSource(restore, instances);
    if (source instanceof RegExp) assert.match(String(chosen), source);
    else assert.deepEqual(chosen, source);
  });
}
