/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-return --
   a template is JSON that nobody typed, and each test says what it expects of it */
import { describe, expect, it } from '@jest/globals';
import { Name } from '../../shared/domain/endpoint.ts';
import { inWords, ofType, synthesized } from './support/deployment.ts';
import type { Resource } from './support/deployment.ts';

const { data } = synthesized();

function named(type: string, prefix: string): Resource {
  const found = ofType(data, type).find(([id]) => id.startsWith(prefix));
  if (found === undefined) throw new Error(`There is no ${type} ${prefix}`);
  return found[1];
}

function rulesOf(bucket: Resource): readonly Record<string, unknown>[] {
  return bucket.Properties['LifecycleConfiguration'].Rules as Record<string, unknown>[];
}

const state = named('AWS::DynamoDB::Table', 'State');
const passwords = named('AWS::DynamoDB::Table', 'Passwords');
const incoming = named('AWS::S3::Bucket', 'Incoming');
const objects = named('AWS::S3::Bucket', 'Data');

describe('the data stack', () => {
  it('keeps tables, buckets and keys when it is deleted or a resource is replaced', () => {
    const kept = ['AWS::DynamoDB::Table', 'AWS::S3::Bucket', 'AWS::KMS::Key'].flatMap((type) => ofType(data, type));

    expect(kept).toHaveLength(7);
    for (const [, resource] of kept) {
      expect(resource.DeletionPolicy).toBe('Retain');
      expect(resource.UpdateReplacePolicy).toBe('Retain');
    }
  });

  it('holds nothing that computes, and no role', () => {
    const types = new Set(Object.values(data).map(({ Type: type }) => type));

    expect([...types].toSorted()).toEqual([
      'AWS::DynamoDB::Table',
      'AWS::KMS::Alias',
      'AWS::KMS::Key',
      'AWS::S3::Bucket',
      'AWS::S3::BucketPolicy',
    ]);
  });
});

describe('the tables', () => {
  it('are paid by request, protected from deletion, and encrypted with the storage key', () => {
    for (const table of [state, passwords]) {
      expect(table.Properties).toMatchObject({
        BillingMode: 'PAY_PER_REQUEST',
        DeletionProtectionEnabled: true,
        SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
      });
      expect(inWords(table.Properties['SSESpecification'].KMSMasterKeyId)).toMatch(/^<StorageKey\w+\.Arn>$/);
    }
  });

  it('can be restored to a point in time, except for passwords: a removed one must not come back', () => {
    expect(state.Properties['PointInTimeRecoverySpecification']).toEqual({ PointInTimeRecoveryEnabled: true });
    expect(passwords.Properties['PointInTimeRecoverySpecification']).toEqual({ PointInTimeRecoveryEnabled: false });
  });

  it('let lapsed slots expire', () => {
    expect(state.Properties['TimeToLiveSpecification']).toEqual({ AttributeName: 'expiresAt', Enabled: true });
  });
});

describe('the buckets', () => {
  const buckets = ofType(data, 'AWS::S3::Bucket');

  it('are private, and belong to their owner whoever wrote an object', () => {
    for (const [, bucket] of buckets) {
      expect(bucket.Properties).toMatchObject({
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      });
    }
  });

  it.each(buckets.map(([id]) => id))('%s refuses requests without TLS 1.2', (id) => {
    const policy = ofType(data, 'AWS::S3::BucketPolicy').find(([, { Properties: p }]) => p['Bucket'].Ref === id)![1];
    const denials = (policy.Properties['PolicyDocument'].Statement as Record<string, any>[])
      .filter((statement) => statement['Effect'] === 'Deny' && statement['Action'] === 's3:*')
      .map((statement) => statement['Condition']);

    expect(denials).toEqual([
      { Bool: { 'aws:SecureTransport': 'false' } },
      { NumericLessThan: { 's3:TlsVersion': 1.2 } },
    ]);
  });

  it('are encrypted with the storage key, except for access logs, which S3 writes with its own', () => {
    for (const bucket of [incoming, objects]) {
      const [rule] = bucket.Properties['BucketEncryption'].ServerSideEncryptionConfiguration as Record<string, any>[];
      expect(rule!['ServerSideEncryptionByDefault'].SSEAlgorithm).toBe('aws:kms');
      expect(inWords(rule!['ServerSideEncryptionByDefault'].KMSMasterKeyID)).toMatch(/^<StorageKey\w+\.Arn>$/);
      expect(bucket.Properties['LoggingConfiguration']).toBeDefined();
    }
  });

  it('let nothing outlive a day in incoming: versions, markers and parts included', () => {
    expect(incoming.Properties['VersioningConfiguration']).toEqual({ Status: 'Enabled' });
    expect(rulesOf(incoming)).toEqual([
      {
        Id: 'NothingOutlivesADay',
        Status: 'Enabled',
        ExpirationInDays: 1,
        NoncurrentVersionExpiration: { NoncurrentDays: 1 },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
      },
      { Id: 'MarkersThatHideNothing', Status: 'Enabled', ExpiredObjectDeleteMarker: true },
    ]);
  });

  it('tell EventBridge of uploads without a function of CDK’s', () => {
    expect(incoming.Properties['NotificationConfiguration']).toEqual({
      EventBridgeConfiguration: { EventBridgeEnabled: true },
    });
  });

  it('expire what Maps returned, and never reports, ledgers or the work data of a batch, which reports are made of', () => {
    const expiring = rulesOf(objects).filter((rule) => 'ExpirationInDays' in rule);

    expect(expiring).toEqual([
      { Id: 'MapResults', Prefix: 'work/_map-results/', Status: 'Enabled', ExpirationInDays: 90 },
    ]);
    // What begins so is no batch: its work data would expire with them.
    expect(Name.safeParse('_map-results').success).toBe(false);
  });
});

describe('the keys', () => {
  const keys = ofType(data, 'AWS::KMS::Key');

  it('are two, and rotate', () => {
    expect(keys).toHaveLength(2);
    for (const [, key] of keys) expect(key.Properties['EnableKeyRotation']).toBe(true);
  });

  it('let CloudWatch use the storage key for alarms of this account only', () => {
    const statements = named('AWS::KMS::Key', 'StorageKey').Properties['KeyPolicy'].Statement as Record<string, any>[];

    expect(statements.map(({ Sid: sid, Principal: principal }) => [sid, Object.keys(principal as object)])).toEqual([
      [undefined, ['AWS']],
      ['AlarmsMayBePublished', ['Service']],
    ]);
    expect(statements[1]!['Condition']).toEqual({ StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } });
  });
});
