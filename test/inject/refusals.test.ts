import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, StatefulSet } from '../../src/api/kubernetes.ts';
import { ANNOTATION } from '../../src/api/names.ts';
import { inject } from '../../src/inject/inject.ts';
import { strip } from '../../src/inject/strip.ts';
import { formatReason } from '../../src/lib/reason.ts';
import { openGoldenFolder } from '../support/golden.ts';
import { buildWorkload, IMAGE, SETTINGS } from '../support/workloads.ts';

const golden = openGoldenFolder(import.meta.url, 'golden/refusals/');
const POSTGRES = 'spec.template.spec.containers[0]';
const DATA = '/var/lib/postgresql/data';

interface Row {
  readonly name: string;
  readonly container?: Partial<Container>;
  readonly change?: (workload: StatefulSet) => void;
  /** Code and field of each refusal. */
  readonly refused: readonly (readonly [code: string, field: string])[];
}

const withArgs = (...args: string[]): Partial<Container> => ({ args });

const ROWS: readonly Row[] = [
  {
    name: 'a shell starts Postgres, so arguments do not reach it',
    container: { command: ['/bin/sh', '-c', 'exec postgres'] },
    refused: [['command-unreachable', `${POSTGRES}.command`]],
  },
  {
    name: 'the arguments are a program of their own',
    container: withArgs('bash', '-c', 'exec postgres'),
    refused: [['arguments-unreachable', `${POSTGRES}.args[0]`]],
  },
  {
    name: 'archive_command is set already',
    container: withArgs('-c', 'archive_command=cp %p /mnt/%f'),
    refused: [['archive-command-present', `${POSTGRES}.args[1]`]],
  },
  {
    name: 'archive_command is set in one word',
    container: withArgs('postgres', '-carchive_command=/bin/true'),
    refused: [['archive-command-present', `${POSTGRES}.args[1]`]],
  },
  {
    name: 'archive_command is set as a long option',
    container: withArgs('--archive-command=/bin/true'),
    refused: [['archive-command-present', `${POSTGRES}.args[0]`]],
  },
  {
    name: 'archive_library is set',
    container: withArgs('-c', 'archive_library=basic_archive'),
    refused: [['archive-command-present', `${POSTGRES}.args[1]`]],
  },
  {
    name: 'archive_command is set in the command',
    container: { command: ['postgres', '-c', 'archive_command=/bin/true'] },
    refused: [['archive-command-present', `${POSTGRES}.command[2]`]],
  },
  {
    name: 'archive_mode is set, in capitals',
    container: withArgs('-c', 'Archive_Mode=off'),
    refused: [['archive-mode-present', `${POSTGRES}.args[1]`]],
  },
  {
    name: 'wal_level is minimal',
    container: withArgs('-c', 'wal_level=minimal'),
    refused: [['wal-level-minimal', `${POSTGRES}.args[1]`]],
  },
  {
    name: 'the data directory is an argument',
    container: withArgs('postgres', '-D', '/elsewhere'),
    refused: [['data-directory-argument', `${POSTGRES}.args[1]`]],
  },
  {
    name: 'the data directory is a setting',
    container: withArgs('-c', 'data_directory=/elsewhere'),
    refused: [['data-directory-argument', `${POSTGRES}.args[1]`]],
  },
  {
    name: 'the annotation names a container that is not there',
    change: ({ metadata }) => void Object.assign(metadata, { annotations: { [ANNOTATION.container]: 'postgress' } }),
    refused: [['container-unknown', 'metadata.annotations[walguard.dev/container]']],
  },
  {
    name: 'the annotation names a flavour that is not there',
    change: ({ metadata }) => void Object.assign(metadata, { annotations: { [ANNOTATION.flavour]: 'docker' } }),
    refused: [['flavour-unknown', 'metadata.annotations[walguard.dev/flavour]']],
  },
  {
    name: 'PGDATA comes from a ConfigMap',
    container: { env: [{ name: 'PGDATA', valueFrom: { configMapKeyRef: { name: 'a', key: 'b' } } }] },
    refused: [['pgdata-unknown', `${POSTGRES}.env[PGDATA]`]],
  },
  {
    name: 'PGDATA is made from another variable',
    container: { env: [{ name: 'PGDATA', value: '/data/$(POD_NAME)' }] },
    refused: [['pgdata-unknown', `${POSTGRES}.env[PGDATA]`]],
  },
  {
    name: 'PGDATA is relative',
    container: { env: [{ name: 'PGDATA', value: 'data' }] },
    refused: [['pgdata-unknown', `${POSTGRES}.env[PGDATA]`]],
  },
  {
    name: 'neither tag nor mount tell where the data are',
    container: { image: 'postgres', env: [], volumeMounts: [{ name: 'data', mountPath: '/var/lib/postgresql' }] },
    refused: [['pgdata-unknown', `${POSTGRES}.env`]],
  },
  {
    name: 'no mount holds the data directory',
    container: { volumeMounts: [{ name: 'data', mountPath: '/backup' }] },
    refused: [['data-mount-missing', `${POSTGRES}.volumeMounts`]],
  },
  {
    name: 'a mount whose path only begins like the data directory does not hold it',
    container: { volumeMounts: [{ name: 'data', mountPath: '/var/lib/postgresql/da' }] },
    refused: [['data-mount-missing', `${POSTGRES}.volumeMounts`]],
  },
  {
    name: 'the old place is mounted under an image with the new layout',
    container: { image: 'postgres:18', env: [] },
    refused: [['data-mount-missing', `${POSTGRES}.volumeMounts`]],
  },
  {
    name: 'the data mount needs variables of its own container',
    container: { volumeMounts: [{ name: 'data', mountPath: DATA, subPathExpr: '$(POD_NAME)' }] },
    refused: [['data-mount-expression', `${POSTGRES}.volumeMounts`]],
  },
  {
    name: "something of the user's own is mounted at walguard's path",
    container: {
      volumeMounts: [
        { name: 'data', mountPath: DATA },
        { name: 'mine', mountPath: '/walguard/' },
      ],
    },
    refused: [['mount-taken', `${POSTGRES}.volumeMounts[1].mountPath`]],
  },
  {
    name: 'the name is yet to be made',
    change: ({ metadata }) => {
      delete metadata.name;
      metadata.generateName = 'orders-';
    },
    refused: [['name-missing', 'metadata.name']],
  },
  {
    name: 'the data are in an emptyDir',
    change: ({ spec }) => {
      delete spec.volumeClaimTemplates;
      spec.template.spec.volumes = [{ name: 'data', emptyDir: {} }];
    },
    refused: [['data-not-a-claim', 'spec.template.spec.volumes[0]']],
  },
  {
    name: 'the data are in a hostPath',
    change: ({ spec }) => {
      delete spec.volumeClaimTemplates;
      spec.template.spec.volumes = [{ name: 'data', hostPath: { path: '/srv' } }];
    },
    refused: [['data-not-a-claim', 'spec.template.spec.volumes[0]']],
  },
  {
    name: 'the data volume does not exist',
    change: ({ spec }) => {
      delete spec.volumeClaimTemplates;
    },
    refused: [['data-not-a-claim', 'spec.template.spec.volumes']],
  },
  {
    name: 'two containers are Postgres servers',
    change: ({ spec }) => void spec.template.spec.containers.push({ name: 'second', image: 'postgres:15' }),
    refused: [['two-candidates', 'spec.template.spec.containers']],
  },
  {
    name: 'a volume has our name',
    change: ({ spec }) => (spec.template.spec.volumes = [{ name: 'walguard-storage', emptyDir: {} }]),
    refused: [['name-taken', 'spec.template.spec.volumes[0].name']],
  },
  {
    name: "a volume has the name of the sidecar's own",
    change: ({ spec }) => (spec.template.spec.volumes = [{ name: 'walguard-run', emptyDir: {} }]),
    refused: [['name-taken', 'spec.template.spec.volumes[0].name']],
  },
  {
    name: 'a claim template has our name',
    change: ({ spec }) => void spec.volumeClaimTemplates?.push({ metadata: { name: 'walguard' }, spec: {} }),
    refused: [['name-taken', 'spec.volumeClaimTemplates[1].metadata.name']],
  },
  {
    name: 'an init container has our name',
    change: ({ spec }) => (spec.template.spec.initContainers = [{ name: 'walguard', image: 'mine' }]),
    refused: [['name-taken', 'spec.template.spec.initContainers[0].name']],
  },
  {
    name: 'a container has our name',
    change: ({ spec }) => void spec.template.spec.containers.push({ name: 'walguard', image: 'mine' }),
    refused: [['name-taken', 'spec.template.spec.containers[1].name']],
  },
  {
    name: 'several things at once are all said',
    container: withArgs('-c', 'archive_mode=on', '-c', 'archive_command=/bin/true'),
    change: ({ spec }) => (spec.template.spec.volumes = [{ name: 'walguard', emptyDir: {} }]),
    refused: [
      ['archive-mode-present', `${POSTGRES}.args[1]`],
      ['archive-command-present', `${POSTGRES}.args[3]`],
      ['name-taken', 'spec.template.spec.volumes[0].name'],
    ],
  },
];

function build({ container, change }: Row): StatefulSet {
  const workload = buildWorkload(container ? { container } : {});
  change?.(workload);
  return workload;
}

const messages: string[] = [];

for (const row of ROWS) {
  test(`refused: ${row.name}`, () => {
    const workload = build(row);
    const injection = inject(workload, SETTINGS, IMAGE);
    if (injection.kind !== 'refused') assert.fail(`${injection.kind}`);
    assert.deepEqual(
      injection.refusals.map(({ code, field }) => [code, field]),
      row.refused,
    );
    for (const refusal of injection.refusals) {
      assert.ok(refusal.seen.trim() && refusal.remedy.trim(), 'what was seen and what to do are said');
    }
    messages.push(`# ${row.name}`, ...injection.refusals.map(formatReason), '');
    assert.deepEqual(strip(workload), workload);
  });
}

test('the refusals read as the golden file has them', () => {
  golden.assert('messages.txt', messages.join('\n'));
});

test('there is no golden file that no test compares', () => golden.assertNoStale());

test('settings that only look like ours are no conflict', () => {
  const harmless = [
    'archive_timeout=30',
    'archived=1',
    'wal_level=logical',
    'wal_level=minimalist',
    'restore_command=x',
  ];
  for (const setting of harmless) {
    const injection = inject(buildWorkload({ container: withArgs('-c', setting) }), SETTINGS, IMAGE);
    assert.equal(injection.kind, 'injected', setting);
  }
});
