// spec of a Restore: which moment comes back, from what, and where. Room: api (pure).

/** As Kubernetes takes it for a StatefulSet; a database that is there already may have dots in its name. */
const EXISTING = { type: 'string', pattern: '^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$', maxLength: 52 } as const;
const POD = { type: 'string', pattern: '^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$', maxLength: 63 } as const;
const NAME = { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', maxLength: 52 } as const;

/** As Postgres takes it: anything, in 63 bytes. */
const DATABASE = { type: 'string', minLength: 1, maxLength: 63, pattern: '^[^\\x00-\\x1f]+$' } as const;

export const targetSchema = {
  type: 'object',
  description: 'The moment that comes back: one of time, lsn, xid, name, immediate and latest, or a base backup alone.',
  additionalProperties: false,
  minProperties: 1,
  maxProperties: 2,
  properties: {
    time: {
      type: 'string',
      format: 'date-time',
      description: 'The database comes back with every transaction committed up to this moment (RFC 3339).',
    },
    lsn: {
      type: 'string',
      pattern: '^[0-9A-Fa-f]{1,8}/[0-9A-Fa-f]{1,8}$',
      description: 'Up to this position in the WAL, such as 0/3000028.',
    },
    xid: {
      type: 'string',
      pattern: '^[1-9][0-9]{0,9}$',
      description: 'Up to the end of this transaction, and with it.',
    },
    name: {
      type: 'string',
      pattern: '^[^\\x00-\\x1f]+$',
      maxLength: 63,
      description: 'Up to the point that pg_create_restore_point() gave this name.',
    },
    immediate: {
      type: 'boolean',
      enum: [true],
      description: 'As soon as a base backup is consistent: the end of the newest one, and no WAL after it.',
    },
    latest: { type: 'boolean', enum: [true], description: 'All that is archived.' },
    backup: {
      type: 'string',
      pattern: '^base_[0-9A-F]{24}[_0-9A-FD]*$',
      maxLength: 253,
      description: 'Base backup to begin with; alone, its own end. Without one it is chosen.',
    },
  },
  'x-kubernetes-validations': [
    {
      rule: '[has(self.time), has(self.lsn), has(self.xid), has(self.name), has(self.immediate), has(self.latest)].filter(x, x).size() == 1 || (has(self.backup) && ![has(self.time), has(self.lsn), has(self.xid), has(self.name), has(self.immediate), has(self.latest)].exists(x, x))',
      message: 'name one of time, lsn, xid, name, immediate and latest, or a base backup alone',
    },
  ],
} as const;

export const restoreSpecSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['source', 'destination'],
  properties: {
    source: {
      type: 'object',
      additionalProperties: false,
      required: ['database'],
      properties: {
        database: {
          ...EXISTING,
          description: 'StatefulSet in the same namespace: its backups are read, and the new one is made after it.',
        },
        instance: {
          ...POD,
          description:
            'Name of the pod whose backups are read; needed where the pods are clusters that have nothing in common. It may be scaled away.',
        },
        storagePrefix: {
          type: 'string',
          pattern: '^s3://[^\\s/]+(/[^\\s/]+)*/[a-z0-9][-.a-z0-9]*/[a-z0-9][-.a-z0-9]*$',
          maxLength: 1024,
          description:
            'Where the backups to read lie: for when the database, or its whole cluster, is gone. Folder of a database, such as s3://backups/shop/orders, of whose clusters that with the newest base backup is read; or of one of them, such as s3://backups/shop/orders/15/7710543307137138721. The database above is only the pattern then, and may be scaled to zero.',
        },
        dump: {
          type: 'string',
          pattern: '^(latest|[0-9]{8}T[0-9]{6}Z-pg_dump(all)?)$',
          description:
            'A logical dump is loaded instead of a base backup with WAL: latest, or its name, such as 20261121T020000Z-pg_dumpall. There is no target then.',
        },
      },
    },
    target: targetSchema,
    destination: {
      type: 'object',
      additionalProperties: false,
      minProperties: 1,
      maxProperties: 1,
      properties: {
        statefulSet: { ...NAME, description: 'Name of the new StatefulSet; refused when it exists.' },
        inPlace: {
          type: 'object',
          additionalProperties: false,
          required: ['confirm'],
          description:
            "The database itself: its data are replaced, and kept aside on the same volume. Only for one replica that is a cluster of its own, with PGDATA in a directory below its volume's root.",
          properties: {
            confirm: {
              ...EXISTING,
              description: 'The name of the StatefulSet once more: its data are replaced.',
            },
            undo: {
              type: 'string',
              maxLength: 253,
              description:
                'Name of a Restore in place that was completed: what it kept aside takes its place again, and what it made is kept. The target must be latest.',
            },
          },
        },
        database: {
          type: 'object',
          additionalProperties: false,
          required: ['name', 'of'],
          description:
            'A new database of the very server that source.database runs: one database of the dump that source.dump names, which must be an archive of pg_dump (format: custom).',
          properties: {
            name: {
              ...DATABASE,
              description: 'Name of the new database; refused when it exists. At most 63 bytes.',
            },
            of: { ...DATABASE, description: 'Name of the database in the dump.' },
            swap: {
              ...DATABASE,
              description:
                'Once it is loaded and verified the new database takes the name and the place of this one, which is kept as <name>_before_<restore>. The same as `of`: typed once more, because its clients are cut off for a moment.',
            },
          },
          'x-kubernetes-validations': [
            {
              rule: '!has(self.swap) || self.swap == self.of',
              message:
                'swap replaces the database that destination.database.of names: confirm it by that very name in destination.database.swap',
            },
            {
              rule: '!has(self.swap) || self.name != self.swap',
              message:
                'what is loaded needs a name of its own (destination.database.name) until it takes the place of swap',
            },
            {
              rule: "!has(self.swap) || !(self.swap in ['postgres', 'template0', 'template1'])",
              message: 'postgres and the templates cannot be replaced; without swap they are loaded beside',
            },
          ],
        },
        claim: {
          ...NAME,
          description:
            'Name of a new PersistentVolumeClaim, and nothing else: it is filled, and recovers when a database starts on it.',
        },
      },
      'x-kubernetes-validations': [
        {
          rule: '[has(self.statefulSet), has(self.claim), has(self.inPlace), has(self.database)].filter(x, x).size() == 1',
          message: 'name one: a statefulSet, a claim, inPlace or a database',
        },
      ],
    },
    planOnly: {
      type: 'boolean',
      description: 'Find out what a restore would read, say it in the status, and do no more.',
    },
    autoStart: {
      type: 'boolean',
      description: 'With false the new StatefulSet is made with no replicas: it recovers when it is scaled up.',
    },
  },
  'x-kubernetes-validations': [
    {
      rule: '!has(self.destination.inPlace) || self.destination.inPlace.confirm == self.source.database',
      message:
        'destination.inPlace replaces the data of source.database: confirm it by that very name in destination.inPlace.confirm',
    },
    {
      rule: '!has(self.destination.inPlace) || !has(self.destination.inPlace.undo) || (has(self.target) && has(self.target.latest))',
      message: 'an undo brings back all that was there: its target is latest',
    },
    {
      rule: 'has(self.source.dump) != has(self.target)',
      message: 'name a target; or a dump in source.dump, which is of one moment and has no target',
    },
    {
      rule: "!has(self.source.dump) || !has(self.source.storagePrefix) || self.source.storagePrefix.matches('/[0-9]{1,4}/[0-9]{1,20}(-[a-z0-9]{1,20})?$')",
      message:
        'a dump is of one cluster: have source.storagePrefix end in PG major and cluster, such as s3://backups/shop/orders/15/7710543307137138721',
    },
    {
      rule: '!has(self.source.dump) || has(self.destination.statefulSet) || has(self.destination.database)',
      message:
        'what source.dump names is loaded into a new database: name it in destination.statefulSet or destination.database',
    },
    {
      rule: '!has(self.destination.database) || has(self.source.dump)',
      message: 'a new database of a server that runs is made of a dump: name one in source.dump',
    },
  ],
} as const;
