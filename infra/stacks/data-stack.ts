import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import type { StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { DeploymentConfig } from '../config.ts';
import { AccessLogBucket, DataBucket, IncomingBucket } from '../constructs/buckets.ts';
import { SealingKey, StorageKey } from '../constructs/encryption-keys.ts';
import { functionRoleName } from '../constructs/service-function.ts';
import { PasswordTable, StateTable } from '../constructs/state-table.ts';
import type { FunctionName } from '../function-names.ts';

export interface DataStackProps extends StackProps {
  readonly config: DeploymentConfig;
}

/** What must outlive the service: keys, tables, buckets. Everything in it stays when the stack is deleted. */
export class DataStack extends Stack {
  readonly storageKey: StorageKey;
  readonly sealingKey: SealingKey;
  readonly state: StateTable;
  readonly passwords: PasswordTable;
  readonly incoming: IncomingBucket;
  readonly data: DataBucket;

  constructor(scope: Construct, id: string, props: DataStackProps) {
    super(scope, id, props);
    const { config } = props;
    const deployment = config.name;

    this.storageKey = new StorageKey(this, 'StorageKey', { deployment });
    this.sealingKey = new SealingKey(this, 'SealingKey', {
      deployment,
      sealers: this.#rolesOf(deployment, ['import-batch-file']),
      openers: this.#rolesOf(deployment, ['check-prerequisites', 'forward-mail', 'copy-slice']),
    });

    this.state = new StateTable(this, 'State', { key: this.storageKey });
    this.passwords = new PasswordTable(this, 'Passwords', { key: this.storageKey });

    const accessLogs = new AccessLogBucket(this, 'AccessLogs');
    this.incoming = new IncomingBucket(this, 'Incoming', { key: this.storageKey, accessLogs });
    this.data = new DataBucket(this, 'Data', {
      key: this.storageKey,
      accessLogs,
      mapResultRetention: Duration.days(config.mapResultRetentionDays),
    });
  }

  #rolesOf(deployment: string, names: readonly FunctionName[]): readonly string[] {
    return names.map((name) =>
      this.formatArn({
        service: 'iam',
        region: '',
        resource: 'role',
        resourceName: functionRoleName(deployment, name),
        arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
      }),
    );
  }
}
