import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import type { StorageKey } from './encryption-keys.ts';
import type { ServiceFunction } from './service-function.ts';

export interface TableProps {
  readonly key: StorageKey;
}

/** Both tables: items under two keys, paid by the request, encrypted with the deployment's key, and kept when its stack goes. */
function kept({ key }: TableProps) {
  return {
    partitionKey: { name: 'partition', type: AttributeType.STRING },
    sortKey: { name: 'sort', type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    encryption: TableEncryption.CUSTOMER_MANAGED,
    encryptionKey: key.key,
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
  };
}

/** Endpoints, batches, jobs, pairs, slots, claims, mails: everything but passwords. */
export class StateTable extends Construct {
  readonly table: Table;
  readonly #key: StorageKey;

  constructor(scope: Construct, id: string, props: TableProps) {
    super(scope, id);
    this.#key = props.key;
    this.table = new Table(this, 'Table', {
      ...kept(props),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: 'expiresAt',
    });
  }

  /** Reads and writes single items; nobody scans and nobody deletes the table. */
  grantReadWrite(grantee: ServiceFunction): void {
    grantee.allow({
      actions: ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
      resources: [this.table.tableArn],
    });
    this.#key.grantThroughDynamoDb(grantee);
  }
}

/**
 * Sealed passwords, apart from the state: without point-in-time recovery and without time to live on backups, so that a
 * password that was removed is gone.
 */
export class PasswordTable extends Construct {
  readonly table: Table;
  readonly #key: StorageKey;

  constructor(scope: Construct, id: string, props: TableProps) {
    super(scope, id);
    this.#key = props.key;
    this.table = new Table(this, 'Table', {
      ...kept(props),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: false },
    });
    Validations.of(this.table).acknowledge({
      id: 'AwsSolutions-DDB3',
      reason:
        'A password that was removed must not come back from a backup: the batch file holds it, and is uploaded again.',
    });
  }

  /** To write passwords that were sealed; a row without one keeps what is there, so their presence is read too. */
  grantStore(grantee: ServiceFunction): void {
    this.#grant(grantee, ['dynamodb:GetItem', 'dynamodb:PutItem']);
  }

  grantFetch(grantee: ServiceFunction): void {
    this.#grant(grantee, ['dynamodb:GetItem']);
  }

  /** For who ends a mailbox or removes it: its passwords go with it. */
  grantForget(grantee: ServiceFunction): void {
    this.#grant(grantee, ['dynamodb:DeleteItem']);
  }

  #grant(grantee: ServiceFunction, actions: readonly string[]): void {
    grantee.allow({ actions, resources: [this.table.tableArn] });
    this.#key.grantThroughDynamoDb(grantee);
  }
}
