// Codes of the search for the server and its data: why a database is not understood well enough. Room: inject (pure).
import type { CodeGroup } from './code-group.ts';

export const DATABASE: CodeGroup = {
  title: 'Why a database cannot be injected: the server and its data',
  intro:
    'walguard finds the Postgres server in the pod template, how it is started, and where its data are. What it cannot know for sure it does not guess.',
  codes: {
    'arguments-unreachable': {
      since: '0.1.0',
      describe: "The arguments of the database container reach Postgres through the image's entrypoint.",
      remedy: 'Make the arguments begin with "postgres" or with an option such as "-c".',
    },
    'claim-shared': {
      since: '0.1.0',
      describe: 'Each replica has a claim of its own.',
      remedy: 'Use volumeClaimTemplates, or set replicas to 1.',
    },
    'command-unreachable': {
      since: '0.1.0',
      describe: "Postgres is started by the image's own entrypoint, so that settings can be passed as arguments.",
      remedy: 'Drop command, and put the options of Postgres where the message says; or pass the settings yourself.',
    },
    'container-unknown': {
      since: '0.1.0',
      describe: 'The container that walguard.dev/container names is there.',
      remedy: 'Correct the name.',
    },
    'container-unstated': {
      since: '0.1.0',
      describe: 'Where walguard.dev/flavour is written, it is plain which container it is about.',
      remedy: 'Name the container in walguard.dev/container.',
    },
    'data-mount-expression': {
      since: '0.1.0',
      describe: 'The data directory is mounted without subPathExpr, which no other container could resolve.',
      remedy: 'Use a plain subPath, or none.',
    },
    'data-mount-hidden': {
      since: '0.1.0',
      describe: 'The mount of the data is not covered by a volume that the image declares itself.',
      remedy: "Mount the claim at the path of the image's volume, after copying what is there now.",
    },
    'data-mount-missing': {
      since: '0.1.0',
      describe: 'A volume is mounted at the data directory or above it.',
      remedy: 'Mount a persistent volume there; as it is, the data die with the pod.',
    },
    'data-not-a-claim': {
      since: '0.1.0',
      describe: 'The data are on a PersistentVolumeClaim.',
      remedy: 'Move them from the emptyDir, hostPath or other volume to a claim (volumeClaimTemplates).',
    },
    'data-spread': {
      since: '0.1.0',
      describe: 'The whole data directory, with pg_wal, is on one volume.',
      remedy: 'Drop the further mounts below the data directory.',
    },
    'flavour-contradicted': {
      since: '0.1.0',
      describe: 'The flavour that walguard.dev/flavour states is not contradicted by what the container shows.',
      remedy: 'Write walguard.dev/flavour: patroni.',
    },
    'flavour-unknown': {
      since: '0.1.0',
      describe: 'walguard.dev/flavour is one that walguard knows.',
      remedy: 'Write docker-library, bitnami or patroni.',
    },
    'flavour-unstated': {
      since: '0.1.0',
      describe: 'It is known how the image starts Postgres.',
      remedy: "If it keeps the official image's entrypoint, say so with walguard.dev/flavour: docker-library.",
    },
    'image-arguments-unknown': {
      since: '0.1.0',
      describe: "The image's own arguments are known, so that walguard's can be added to them.",
      remedy: "Write the image's CMD into args.",
    },
    'image-unsupported': {
      since: '0.1.0',
      describe: 'The image is of a kind that walguard can archive.',
      remedy: 'Back the database up by other means and say so in walguard.dev/exempt; the message names other ways.',
    },
    'patroni-managed': {
      since: '0.1.0',
      describe: "Where Patroni runs the server, its user agrees that walguard changes Patroni's configuration.",
      remedy: 'Add walguard.dev/flavour: patroni, or set the archive settings yourself.',
    },
    'pgdata-unknown': {
      since: '0.1.0',
      describe: 'The data directory is a plain absolute path that the manifest or the image tells.',
      remedy: 'Set PGDATA to what SHOW data_directory says today.',
    },
    'repmgr-managed': {
      since: '0.1.0',
      describe: 'repmgr does not move the primary between pods.',
      remedy: 'Back the database up by other means and say so in walguard.dev/exempt.',
    },
    'run-as-user-unknown': {
      since: '0.1.0',
      describe: 'walguard.dev/run-as-user is the number of a uid other than 0.',
      remedy: 'Write the uid that owns the data directory.',
    },
    'spilo-configured': {
      since: '0.1.0',
      describe: 'SPILO_CONFIGURATION is free for walguard.',
      remedy: 'Add the archive settings to it yourself, and walguard.dev/archive-settings: external.',
    },
    'standby-only': {
      since: '0.1.0',
      describe: 'The StatefulSet runs a primary; a standby archives nothing.',
      remedy: 'Name the policy on the primary, and exempt this one with that as the reason.',
    },
    'superuser-locked': {
      since: '0.1.0',
      describe: 'Somebody can log in as superuser, as base backups must.',
      remedy: 'Set POSTGRESQL_POSTGRES_PASSWORD from a Secret.',
    },
    'two-candidates': {
      since: '0.1.0',
      describe: 'The pod has one Postgres server, or it is said which one is meant.',
      remedy: 'Name it in walguard.dev/container.',
    },
    'uid-unknown': {
      since: '0.1.0',
      describe: 'The uid under which Postgres runs is known.',
      remedy: 'Write it into walguard.dev/run-as-user.',
    },
  },
};
