// spec.storage and spec.encryption: where backups and WAL are kept. Room: api (pure).
import { OBJECT_NAME, VOLUME } from './parts.ts';

const s3 = {
  type: 'object',
  description: 'A bucket of S3, or of what speaks it.',
  additionalProperties: false,
  required: ['prefix', 'credentialsSecret'],
  properties: {
    prefix: {
      type: 'string',
      description:
        'Bucket and path, such as s3://backups/postgres. Below it walguard adds <namespace>/<statefulset>/<PG major>/<system identifier>, and of a restored cluster -<restore>.',
      pattern: '^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^/]+)*$',
    },
    endpoint: {
      type: 'string',
      description: 'URL of an S3-compatible server; empty for AWS.',
      pattern: '^https?://',
    },
    region: { type: 'string', description: 'Region of the bucket.', default: 'us-east-1' },
    forcePathStyle: {
      type: 'boolean',
      description: 'Address the bucket by path, as most servers outside AWS want it.',
      default: false,
    },
    credentialsSecret: {
      ...OBJECT_NAME,
      description:
        "Secret with keys AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the database's namespace, or in walguard's own, from where it is copied when the chart allows it.",
    },
    caSecret: {
      ...OBJECT_NAME,
      description:
        'Secret with the CA certificates of a private store, PEM, under the entry "ca.crt"; where it is, as of credentialsSecret.',
    },
    serverSideEncryption: {
      type: 'object',
      description: 'Encryption by the store, asked for with every upload.',
      additionalProperties: false,
      required: ['algorithm'],
      properties: {
        algorithm: { type: 'string', enum: ['AES256', 'aws:kms'], description: 'What the store encrypts with.' },
        kmsKeyId: { type: 'string', description: 'Key of aws:kms.', minLength: 1, maxLength: 2048 },
      },
      'x-kubernetes-validations': [
        {
          rule: "!has(self.kmsKeyId) || self.algorithm == 'aws:kms'",
          message: 'a key is given with algorithm aws:kms only',
          fieldPath: '.kmsKeyId',
        },
      ],
    },
    lifecycleRule: {
      type: 'object',
      description:
        "A rule for the bucket, told as the command that sets it; refused where it would eat what the policy keeps. The bucket's own rules are not looked at.",
      additionalProperties: false,
      properties: {
        abortMultipartAfterDays: {
          type: 'integer',
          description: 'Days after which the parts of an upload that was never finished are removed.',
          minimum: 1,
          default: 7,
        },
        expireAfterDays: {
          type: 'integer',
          description: 'Days after which the store itself removes objects; longer than anything that is kept.',
          minimum: 1,
        },
      },
    },
  },
} as const;

export const storageSchema = {
  type: 'object',
  description: 'Where backups and WAL are kept: s3 or volume.',
  additionalProperties: false,
  minProperties: 1,
  maxProperties: 1,
  properties: { s3, volume: VOLUME },
  'x-kubernetes-validations': [
    { rule: 'has(self.s3) != has(self.volume)', message: 'give exactly one of s3 and volume' },
  ],
} as const;

export const encryptionSchema = {
  type: 'object',
  description: 'Encryption on our side, before anything leaves the pod.',
  additionalProperties: false,
  required: ['method', 'keySecret'],
  properties: {
    method: { type: 'string', enum: ['libsodium'], description: 'How it is encrypted.' },
    keySecret: {
      ...OBJECT_NAME,
      description:
        'Secret with the key, 64 hexadecimal digits, under the entry "key"; where it is, as of storage.s3.credentialsSecret. Keep a copy of it elsewhere: without the key nothing can be restored. Another key needs another prefix.',
    },
  },
} as const;
