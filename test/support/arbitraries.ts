// Generated StatefulSets: a Postgres server that can be injected, with everything around it present, empty or absent, and
// unknown fields at every level. And any StatefulSet at all, for laws that must hold whatever comes.
import fc from 'fast-check';
import type { Container, PodSpec, StatefulSet, Volume } from '../../src/api/kubernetes.ts';

/** Keys are prefixed, so that a generated field is never one that means something. */
const unknownFields = fc.dictionary(
  fc.stringMatching(/^[a-z]{1,6}$/).map((key) => `x-${key}`),
  fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<unknown>,
  { maxKeys: 2 },
);

const word = fc.stringMatching(/^[a-z]{1,8}$/);

const labels = fc.dictionary(word, word, { maxKeys: 2 });

const setting = fc.constantFrom('shared_buffers=256MB', 'wal_level=logical', 'config_file=/etc/postgresql.conf');

const args = fc.oneof(
  fc.constant<string[]>([]),
  fc
    .tuple(fc.constantFrom([], ['postgres']), fc.array(setting, { minLength: 1, maxLength: 3 }))
    .map(([first, settings]) => [...first, ...settings.flatMap((each) => ['-c', each])]),
);

const command = fc.constantFrom<string[][]>(
  [],
  ['docker-entrypoint.sh'],
  ['/usr/local/bin/docker-entrypoint.sh', 'postgres'],
  ['postgres'],
);

const env = fc.array(fc.record({ name: fc.constantFrom('POSTGRES_USER', 'POSTGRES_PASSWORD', 'TZ'), value: word }), {
  maxLength: 3,
});

const envFrom = fc.array(fc.record({ secretRef: fc.record({ name: word }) }), { maxLength: 2 });

const image = fc.constantFrom(
  'postgres:15',
  'postgres:9.6-alpine',
  'registry.example:5000/mirror/postgres:16.4@sha256:0123',
  'postgis/postgis:16-3.4',
  'pgvector/pgvector:pg17',
  'timescale/timescaledb:2.17.2-pg16',
  'ghcr.io/immich-app/postgres:16-vectorchord0.4.3',
  'apache/age:release_PG16_1.5.0',
  'citusdata/citus:12.1',
);

/** How a family of images is run: what its container has, and which annotations ask for it. */
interface Family {
  readonly container: fc.Arbitrary<Partial<Container>>;
  readonly dataPath: string;
  readonly annotations?: Record<string, string>;
}

const DATA_PATH = '/var/lib/postgresql/data';

const families: readonly Family[] = [
  {
    dataPath: DATA_PATH,
    container: fc.record({ image, args, command }, { requiredKeys: ['image'] }),
  },
  {
    dataPath: '/bitnami/postgresql',
    container: fc.record(
      {
        image: fc.constantFrom('bitnami/postgresql:17', 'docker.io/bitnamilegacy/postgresql@sha256:0123'),
        args: fc.constantFrom<string[][]>(['/opt/bitnami/scripts/postgresql/run.sh', '-c', 'work_mem=8MB']),
        // Another user than postgres would leave the superuser without a password.
        env: fc.constant([{ name: 'POSTGRESQL_PASSWORD', value: 'pw' }]),
      },
      { requiredKeys: ['image', 'env'] },
    ),
  },
  {
    dataPath: '/home/postgres/pgdata',
    annotations: { 'walguard.dev/flavour': 'patroni', 'walguard.dev/run-as-user': '999' },
    container: fc.record({
      image: fc.constantFrom('registry.example/patroni:4', 'ghcr.io/zalando/spilo-16:3.3-p1'),
      env: fc.constant([{ name: 'PGROOT', value: '/home/postgres/pgdata/pgroot' }]),
    }),
  },
  {
    dataPath: DATA_PATH,
    annotations: { 'walguard.dev/archive-settings': 'external' },
    container: fc.record({
      image,
      command: fc.constant(['sh', '-c']),
      args: fc.constant(['exec docker-entrypoint.sh postgres -c archive_mode=on']),
    }),
  },
  {
    dataPath: DATA_PATH,
    annotations: { 'walguard.dev/archive-settings': 'take-over' },
    container: fc.record({
      image,
      args: fc.constantFrom(
        ['-c', 'archive_command=/bin/true'],
        ['postgres', '--archive-mode=always', '-c', 'archive_command=/walguard/bin/archive-wal %f'],
      ),
    }),
  },
];

const otherContainer: fc.Arbitrary<Container> = fc
  .tuple(
    fc.record({ name: word.map((name) => `other-${name}`), image: fc.constantFrom('busybox', 'nginx:1') }),
    unknownFields,
  )
  .map(([container, unknown]) => ({ ...container, ...unknown }));

const otherVolume: fc.Arbitrary<Volume> = fc.oneof(
  fc.record({ name: word.map((name) => `volume-${name}`), emptyDir: fc.constant({}) }),
  fc.record({ name: word.map((name) => `volume-${name}`), configMap: fc.record({ name: word }) }),
);

const metadata = fc
  .tuple(fc.record({ labels, annotations: labels }, { requiredKeys: [] }), unknownFields)
  .map(([known, unknown]) => ({ ...known, ...unknown }));

/** The order of keys is the user's too: it must come back. */
function shuffledKeys<T extends object>(value: T): fc.Arbitrary<T> {
  return fc
    .shuffledSubarray(Object.keys(value), { minLength: Object.keys(value).length })
    .map((keys) => Object.fromEntries(keys.map((key) => [key, (value as Record<string, unknown>)[key]])) as T);
}

const optional: { requiredKeys: [] } = { requiredKeys: [] };

const serverOf = ({ container, dataPath }: Family): fc.Arbitrary<Container> =>
  fc
    .tuple(
      container,
      fc.record({ env, envFrom, ports: fc.constant<Container['ports'] & object>([{ containerPort: 5432 }]) }, optional),
      fc.array(fc.record({ name: word, mountPath: word.map((path) => `/mnt/${path}`) }), { maxLength: 2 }),
      unknownFields,
    )
    .map(([own, known, mounts, unknown]) => ({
      name: 'postgres',
      ...known,
      ...own,
      volumeMounts: [...mounts, { name: 'data', mountPath: dataPath }],
      ...unknown,
    }))
    .chain(shuffledKeys);

const podSpec = (family: Family, claim: 'template' | 'volume'): fc.Arbitrary<PodSpec> =>
  fc
    .tuple(
      serverOf(family),
      fc.array(otherContainer, { maxLength: 2 }),
      fc.nat(2),
      fc.record(
        {
          volumes: fc.array(otherVolume, { maxLength: 2 }),
          initContainers: fc.array(otherContainer, { maxLength: 2 }),
        },
        optional,
      ),
      unknownFields,
    )
    .map(([postgres, others, position, lists, unknown]) => {
      const containers = [...others];
      containers.splice(position, 0, postgres);
      const data = { name: 'data', persistentVolumeClaim: { claimName: 'files' } };
      const volumes = claim === 'volume' ? { volumes: [...(lists.volumes ?? []), data] } : {};
      return { ...unknown, ...lists, ...volumes, containers };
    })
    .chain(shuffledKeys);

/** As JSON gives it: no null prototypes, no negative zero. */
function fromJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** A StatefulSet that walguard can inject; none of its names are walguard's own. */
export const injectable: fc.Arbitrary<StatefulSet> = fc
  .tuple(fc.constantFrom(...families), fc.constantFrom('template' as const, 'volume' as const))
  .chain(([family, claim]) =>
    fc
      .tuple(
        podSpec(family, claim),
        fc.option(metadata, { nil: undefined }),
        metadata,
        fc.nat(3),
        unknownFields,
        unknownFields,
      )
      .map(([spec, templateMetadata, own, replicas, inTemplate, inSpec]) => ({
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        metadata: {
          name: 'orders',
          namespace: 'shop',
          ...own,
          ...(family.annotations ? { annotations: { ...own.annotations, ...family.annotations } } : {}),
        },
        spec: {
          ...inSpec,
          // Several replicas on one claim are refused.
          replicas: claim === 'volume' ? Math.min(replicas, 1) : replicas,
          serviceName: 'orders',
          selector: { matchLabels: { app: 'orders' } },
          template: { ...(templateMetadata === undefined ? {} : { metadata: templateMetadata }), ...inTemplate, spec },
          ...(claim === 'template' ? { volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: {} }] } : {}),
        },
      })),
  )
  .map(fromJson<StatefulSet>);

const name = fc.oneof(word, fc.constantFrom('walguard', 'walguard-storage', 'postgres', 'data'));

const anyContainer: fc.Arbitrary<Container> = fc
  .record(
    {
      name,
      image: fc.oneof(image, word),
      args: fc.array(
        fc.oneof(
          word,
          setting,
          fc.constantFrom(
            '-c',
            'archive_mode=on',
            'archive_command=/walguard/bin/archive-wal %f',
            'archive_timeout=60',
          ),
        ),
      ),
      command: fc.oneof(command, fc.array(word)),
      env: fc.array(
        fc.record(
          { name: fc.constantFrom('PGDATA', 'PG_MAJOR', 'POSTGRES_USER'), value: fc.string() },
          { requiredKeys: ['name'] },
        ),
      ),
      volumeMounts: fc.array(
        fc.record({
          name,
          mountPath: fc.constantFrom('/var/lib/postgresql/data', '/var/lib/postgresql', '/data', '/'),
        }),
      ),
    },
    { requiredKeys: ['name'] },
  )
  .map((container) => container as Container);

/** Whatever an API server may hand to the webhook: often no server, often with names that walguard uses itself. */
export const anyStatefulSet: fc.Arbitrary<StatefulSet> = fc
  .record({
    annotations: fc.dictionary(
      fc
        .constantFrom('policy', 'container', 'flavour', 'run-as-user', 'archive-settings', 'injection')
        .map((key) => `walguard.dev/${key}`),
      fc.oneof(
        word,
        fc.constantFrom(
          '',
          'docker-library',
          'bitnami',
          'patroni',
          'external',
          'take-over',
          'arguments=2,container.args',
          '-1',
        ),
      ),
    ),
    templateAnnotations: fc.option(
      fc.dictionary(
        fc.constant('walguard.dev/injection'),
        fc.constantFrom('', 'spec.volumes,nonsense', 'arguments=1,container.args', 'variable=PGDATA'),
        {
          maxKeys: 1,
        },
      ),
      { nil: undefined },
    ),
    containers: fc.array(anyContainer, { maxLength: 3 }),
    initContainers: fc.option(fc.array(anyContainer, { maxLength: 2 }), { nil: undefined }),
    volumes: fc.option(
      fc.array(
        fc.oneof(
          otherVolume,
          fc.record({ name }),
          fc.record({ name, persistentVolumeClaim: fc.record({ claimName: word }) }),
        ),
        { maxLength: 3 },
      ),
      {
        nil: undefined,
      },
    ),
    templates: fc.option(
      fc.array(fc.record({ metadata: fc.record({ name }), spec: fc.constant({}) }), { maxLength: 2 }),
      { nil: undefined },
    ),
  })
  .map(({ annotations, templateAnnotations, containers, initContainers, volumes, templates }) => ({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'orders', namespace: 'shop', annotations },
    spec: {
      selector: {},
      template: {
        ...(templateAnnotations ? { metadata: { annotations: templateAnnotations } } : {}),
        spec: { containers, ...(initContainers ? { initContainers } : {}), ...(volumes ? { volumes } : {}) },
      },
      ...(templates ? { volumeClaimTemplates: templates } : {}),
    },
  }))
  .map(fromJson<StatefulSet>);
