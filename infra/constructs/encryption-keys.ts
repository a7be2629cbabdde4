import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AccountRootPrincipal, Effect, PolicyDocument, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { ServiceFunction } from './service-function.ts';

export interface EncryptionKeyProps {
  /** Name of the deployment. */
  readonly deployment: string;
}

/** Encrypts what lies in tables and buckets. Who may use it is said by roles, and only through those services. */
export class StorageKey extends Construct {
  readonly key: Key;

  constructor(scope: Construct, id: string, props: EncryptionKeyProps) {
    super(scope, id);
    this.key = new Key(this, 'Key', {
      alias: `alias/${props.deployment}-storage`,
      description: 'Stagecoach: tables, buckets and the alarm topic',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    // An alarm reaches an encrypted topic only when CloudWatch may use its key (SNS guide, "Enable compatibility
    // between event sources from AWS services and encrypted topics").
    this.key.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsMayBePublished',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
  }

  /** For a table's readers and writers: DynamoDB asks KMS in their name. */
  grantThroughDynamoDb(grantee: ServiceFunction): void {
    grantee.allow({
      actions: [
        'kms:Decrypt',
        'kms:DescribeKey',
        'kms:Encrypt',
        'kms:GenerateDataKey',
        'kms:ReEncryptFrom',
        'kms:ReEncryptTo',
      ],
      resources: [this.key.keyArn],
      conditions: { StringEquals: { 'kms:ViaService': `dynamodb.${Stack.of(this).region}.amazonaws.com` } },
    });
  }

  /** For readers and writers of objects. */
  grantThroughS3(grantee: ServiceFunction): void {
    grantee.allow({
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: [this.key.keyArn],
      conditions: { StringEquals: { 'kms:ViaService': `s3.${Stack.of(this).region}.amazonaws.com` } },
    });
  }
}

export interface SealingKeyProps extends EncryptionKeyProps {
  /** ARNs of the roles that may seal passwords, and of those that may open them. */
  readonly sealers: readonly string[];
  readonly openers: readonly string[];
}

/**
 * Seals passwords. Its policy names the few roles that may use it: an administrator of the account manages the key but
 * cannot open a password with it, whatever his own policies allow, without changing the key's policy first, which
 * CloudTrail records.
 */
export class SealingKey extends Construct {
  readonly key: Key;

  constructor(scope: Construct, id: string, props: SealingKeyProps) {
    super(scope, id);
    const usableBy = (sid: string, actions: readonly string[], roles: readonly string[]) =>
      new PolicyStatement({
        sid,
        effect: Effect.ALLOW,
        principals: [new AccountRootPrincipal()],
        actions: [...actions],
        resources: ['*'],
        // By name and not as principals: a role that does not exist yet (it comes with the other stack) is no valid
        // principal of a key policy. Without an encryption context nothing is sealed or opened.
        conditions: {
          ArnEquals: { 'aws:PrincipalArn': [...roles] },
          Null: { [`kms:EncryptionContext:${sealingContextKey}`]: 'false' },
        },
      });
    this.key = new Key(this, 'Key', {
      alias: `alias/${props.deployment}-sealing`,
      description: 'Stagecoach: passwords of mailboxes, from the batch file to the servers',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
      policy: new PolicyDocument({
        statements: [
          new PolicyStatement({
            sid: 'TheAccountManagesTheKey',
            principals: [new AccountRootPrincipal()],
            actions: [...keyManagement],
            resources: ['*'],
          }),
          usableBy('TheReaderSeals', sealingActions, props.sealers),
          usableBy('CheckerPreparerAndCopierOpen', openingActions, props.openers),
        ],
      }),
    });
  }

  grantSeal(grantee: ServiceFunction): void {
    this.#grant(grantee, sealingActions);
  }

  grantOpen(grantee: ServiceFunction): void {
    this.#grant(grantee, openingActions);
  }

  #grant(grantee: ServiceFunction, actions: readonly string[]): void {
    grantee.allow({
      actions: [...actions],
      resources: [this.key.keyArn],
      conditions: { Null: { [`kms:EncryptionContext:${sealingContextKey}`]: 'false' } },
    });
  }
}

/** Name of the encryption context's one entry, as the sealer writes it. */
const sealingContextKey = 'stagecoach';

const sealingActions = ['kms:GenerateDataKey'];
const openingActions = ['kms:Decrypt'];

/** All that is needed to manage a key, and nothing that uses it. */
const keyManagement = [
  'kms:CancelKeyDeletion',
  'kms:CreateAlias',
  'kms:DeleteAlias',
  'kms:DescribeKey',
  'kms:DisableKey',
  'kms:DisableKeyRotation',
  'kms:EnableKey',
  'kms:EnableKeyRotation',
  'kms:GetKeyPolicy',
  'kms:GetKeyRotationStatus',
  'kms:ListAliases',
  'kms:ListGrants',
  'kms:ListKeyPolicies',
  'kms:ListKeyRotations',
  'kms:ListResourceTags',
  'kms:PutKeyPolicy',
  'kms:RevokeGrant',
  'kms:RotateKeyOnDemand',
  'kms:ScheduleKeyDeletion',
  'kms:TagResource',
  'kms:UntagResource',
  'kms:UpdateAlias',
  'kms:UpdateKeyDescription',
];
