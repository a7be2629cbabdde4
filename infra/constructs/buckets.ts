import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { BucketProps, CfnBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { asIBucket } from '../exact-types.ts';
import type { StorageKey } from './encryption-keys.ts';
import type { ServiceFunction } from './service-function.ts';

/** For every bucket: encrypted, private, TLS only, kept when its stack goes. */
const guarded = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
  removalPolicy: RemovalPolicy.RETAIN,
} satisfies BucketProps;

/** Who asked for which object when; of the incoming bucket above all, where passwords lie until they are read. */
export class AccessLogBucket extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      ...guarded,
      // S3 writes access logs into buckets with SSE-S3 only (S3 guide, "Enabling Amazon S3 server access logging").
      encryption: BucketEncryption.S3_MANAGED,
      lifecycleRules: [{ expiration: Duration.days(365), abortIncompleteMultipartUploadAfter: Duration.days(1) }],
    });
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'This is the bucket that access logs go to; logging its own access would never end.',
    });
  }
}

export interface StoredBucketProps {
  readonly key: StorageKey;
  readonly accessLogs: AccessLogBucket;
}

/** For what people put there or the program keeps: with versions, under the deployment's key, every access logged. */
function stored({ key, accessLogs }: StoredBucketProps, serverAccessLogsPrefix: string) {
  return {
    ...guarded,
    encryption: BucketEncryption.KMS,
    encryptionKey: key.key,
    bucketKeyEnabled: true,
    versioned: true,
    serverAccessLogsBucket: asIBucket(accessLogs.bucket),
    serverAccessLogsPrefix,
  };
}

/**
 * Where batch files are uploaded: `incoming/<endpoint>/<batch>.csv`. They hold passwords, so nothing outlives a day here,
 * whatever happens to the reader: neither versions nor their markers nor parts of an upload that broke off.
 */
export class IncomingBucket extends Construct {
  readonly bucket: Bucket;
  readonly #key: StorageKey;

  constructor(scope: Construct, id: string, props: StoredBucketProps) {
    super(scope, id);
    this.#key = props.key;
    this.bucket = new Bucket(this, 'Bucket', {
      ...stored(props, 'incoming/'),
      lifecycleRules: [
        {
          id: 'NothingOutlivesADay',
          expiration: Duration.days(1),
          noncurrentVersionExpiration: Duration.days(1),
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
        // A rule of its own: S3 takes an age or the markers in one Expiration, not both.
        { id: 'MarkersThatHideNothing', expiredObjectDeleteMarker: true },
      ],
    });
    // By the resource itself: the construct's eventBridgeEnabled brings a function with rights over every bucket.
    const resource = this.bucket.node.defaultChild as CfnBucket;
    resource.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
  }

  /** To read an upload at its version and delete it; for the reader alone. */
  grantTake(grantee: ServiceFunction): void {
    grantee.allow({
      actions: ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:GetObject', 's3:GetObjectVersion'],
      resources: [`${exportedArn(this.bucket)}/incoming/*`],
      why: 'Names of uploads are the admins’ own.',
    });
    grantee.allow(listing(this.bucket, ['incoming']));
    this.#key.grantThroughS3(grantee);
  }

  /** To put rows there, and to take them back at the version that was written; never to read what lies there. */
  grantPut(grantee: ServiceFunction): void {
    grantee.allow({
      actions: ['s3:DeleteObjectVersion', 's3:PutObject'],
      resources: [`${exportedArn(this.bucket)}/incoming/*`],
      why: 'Names of uploads are the admins’ own.',
    });
    this.#key.grantThroughS3(grantee);
  }
}

/** The prefixes of the data bucket: each is a grant of its own. */
export type DataPrefix = 'work' | 'reports' | 'ledger';
/** One of them, or what lies in it below a folder. */
export type DataFolder = DataPrefix | `${DataPrefix}/${string}`;

export interface DataBucketProps extends StoredBucketProps {
  readonly mapResultRetention: Duration;
}

/** Where Maps write what their children returned; the name of no batch begins so. */
export const mapResults = 'work/_map-results';

/** Work data (manifests, plans), reports, and the ledgers that prove what was copied. */
export class DataBucket extends Construct {
  readonly bucket: Bucket;
  readonly #key: StorageKey;

  constructor(scope: Construct, id: string, props: DataBucketProps) {
    super(scope, id);
    this.#key = props.key;
    this.bucket = new Bucket(this, 'Bucket', {
      ...stored(props, 'data/'),
      lifecycleRules: [
        // The work data of a batch stays as long as the batch, whose reports are computed from it, and goes when the batch
        // is removed. What a Map's children returned is for operators, and nobody else's to delete.
        { id: 'MapResults', prefix: `${mapResults}/`, expiration: props.mapResultRetention },
        {
          id: 'OldVersions',
          noncurrentVersionExpiration: Duration.days(30),
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
        { id: 'MarkersThatHideNothing', expiredObjectDeleteMarker: true },
      ],
    });
  }

  /** ARN of all objects below a prefix (`work`, `work/_map-results`), for another stack's policies. */
  objectsArn(prefix: DataFolder): string {
    return `${exportedArn(this.bucket)}/${prefix}/*`;
  }

  grantRead(grantee: ServiceFunction, ...prefixes: readonly DataFolder[]): void {
    this.#grant(grantee, ['s3:GetObject'], prefixes);
  }

  grantReadWrite(grantee: ServiceFunction, ...prefixes: readonly DataFolder[]): void {
    this.#grant(grantee, ['s3:GetObject', 's3:PutObject'], prefixes);
  }

  /**
   * For who removes what a batch left. Deleting marks the newest version as deleted, and the version itself expires after
   * 30 days: what was removed by mistake can be had back until then.
   */
  grantRemove(grantee: ServiceFunction, ...prefixes: readonly DataFolder[]): void {
    this.#grant(grantee, ['s3:DeleteObject'], prefixes);
  }

  #grant(grantee: ServiceFunction, actions: readonly string[], prefixes: readonly DataFolder[]): void {
    grantee.allow({
      actions,
      resources: prefixes.map((prefix) => this.objectsArn(prefix)),
      why: 'Objects of one prefix have names made of batches, pairs and pages.',
    });
    grantee.allow(listing(this.bucket, prefixes));
    this.#key.grantThroughS3(grantee);
  }
}

/** The ARN as the other stack will say it, so that what is explained there by name is what is found there. */
function exportedArn(bucket: Bucket): string {
  return Stack.of(bucket).exportValue(bucket.bucketArn);
}

/**
 * Names below these prefixes. `IfExists`, because S3 asks for the same permission, without a prefix, before it says that
 * an object is not there (404) rather than forbidden (403), and "not there" is an answer that the program needs.
 */
function listing(bucket: Bucket, prefixes: readonly string[]) {
  return {
    actions: ['s3:ListBucket'],
    resources: [exportedArn(bucket)],
    conditions: { StringLikeIfExists: { 's3:prefix': prefixes.map((prefix) => `${prefix}/*`) } },
  };
}
