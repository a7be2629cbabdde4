/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-argument --
   a template is JSON that nobody typed, and each test says what it expects of it */
import { describe, expect, it } from '@jest/globals';
import { taskFunctions } from '../../infra/constructs/migrate-batch-states.ts';
import { functionNames } from '../../infra/function-names.ts';
import type { FunctionName } from '../../infra/function-names.ts';
import { exampleConfig, inWords, ofType, synthesized } from './support/deployment.ts';
import type { Resource } from './support/deployment.ts';

const { data, service } = synthesized();

/** One line a resource: `actions on resource [if condition]`. */
function statementsOf(policy: Resource, effect: string): readonly string[] {
  const statements = policy.Properties['PolicyDocument'].Statement as Record<string, any>[];
  return statements
    .filter((statement) => statement['Effect'] === effect)
    .flatMap((statement) => {
      const actions = [statement['Action']].flat().toSorted().join(' ');
      const condition = statement['Condition'] === undefined ? '' : ` if ${conditionInWords(statement['Condition'])}`;
      return [statement['Resource']].flat().map((resource) => `${actions} on ${inWords(resource)}${condition}`);
    })
    .toSorted();
}

function conditionInWords(condition: Record<string, Record<string, unknown>>): string {
  return Object.entries(condition)
    .flatMap(([operator, tests]) =>
      Object.entries(tests).map(([key, value]) => `${operator} ${key} ${[value].flat().map(inWords).join(',')}`),
    )
    .join(' and ');
}

/** Everything attached to a role, by the role's name. */
function roleStatements(roleName: string, effect = 'Allow'): readonly string[] {
  const [roleId] = ofType(service, 'AWS::IAM::Role').find(([, role]) => role.Properties['RoleName'] === roleName) ?? [];
  if (roleId === undefined) throw new Error(`There is no role ${roleName}`);
  expect(service[roleId]!.Properties['ManagedPolicyArns']).toBeUndefined();
  expect(service[roleId]!.Properties['Policies']).toBeUndefined();
  return ofType(service, 'AWS::IAM::Policy')
    .filter(([, policy]) => (policy.Properties['Roles'] as { Ref: string }[]).some(({ Ref: ref }) => ref === roleId))
    .flatMap(([, policy]) => statementsOf(policy, effect))
    .toSorted();
}

const logAndTraces = [
  'logs:CreateLogStream logs:PutLogEvents on own-log',
  'xray:PutTelemetryRecords xray:PutTraceSegments on *',
];
const logAndTracesInNetwork = [
  'logs:CreateLogStream logs:PutLogEvents on own-log',
  'ec2:CreateNetworkInterface ec2:DeleteNetworkInterface ec2:DescribeNetworkInterfaces xray:PutTelemetryRecords xray:PutTraceSegments on *',
];
const throughDynamoDb =
  'kms:Decrypt kms:DescribeKey kms:Encrypt kms:GenerateDataKey kms:ReEncryptFrom kms:ReEncryptTo on storage-key if StringEquals kms:ViaService dynamodb.<AWS::Region>.amazonaws.com';
const throughS3 =
  'kms:Decrypt kms:GenerateDataKey on storage-key if StringEquals kms:ViaService s3.<AWS::Region>.amazonaws.com';
const state = [
  'dynamodb:DeleteItem dynamodb:GetItem dynamodb:PutItem dynamodb:Query dynamodb:UpdateItem on state-table',
  throughDynamoDb,
];
const start = [
  'states:DescribeExecution on execution:migrate-batch:*',
  'states:StartExecution on machine:migrate-batch',
];
const sendMail = [
  'ses:SendRawEmail on ses-identity if StringEquals ses:FromAddress stagecoach@example.com',
  'ses:SendRawEmail on ses-configuration-set/stagecoach-status-mail if StringEquals ses:FromAddress stagecoach@example.com',
];
const names = (bucket: string, ...prefixes: string[]) =>
  `s3:ListBucket on ${bucket} if StringLikeIfExists s3:prefix ${prefixes.map((prefix) => `${prefix}/*`).join(',')}`;
const readReports = ['s3:GetObject on data-bucket/reports/*', names('data-bucket', 'reports'), throughS3];
const endpointSecrets = 'secretsmanager:GetSecretValue on secret:stagecoach/*';
const open = [
  'dynamodb:GetItem on password-table',
  'kms:Decrypt on sealing-key if Null kms:EncryptionContext:stagecoach false',
  endpointSecrets,
];
const forgetPasswords = 'dynamodb:DeleteItem on password-table';
const removeWhatIsLeft = [
  's3:DeleteObject on data-bucket/ledger/*',
  's3:DeleteObject on data-bucket/reports/*',
  's3:DeleteObject on data-bucket/work/*',
  names('data-bucket', 'work', 'reports', 'ledger'),
  's3:GetObject s3:PutObject on data-bucket/ledger/removed/*',
  's3:GetObject s3:PutObject on data-bucket/reports/*',
  names('data-bucket', 'reports', 'ledger/removed'),
];

const expected: Readonly<Record<FunctionName, readonly string[]>> = {
  api: [
    ...logAndTraces,
    ...state,
    'states:StartExecution on machine:migrate-batch',
    'states:DescribeExecution states:ListMapRuns states:StopExecution on execution:migrate-batch:*',
    'states:DescribeMapRun states:UpdateMapRun on map-run:migrate-batch/mailboxes:*',
    's3:DeleteObjectVersion s3:PutObject on incoming-bucket/incoming/*',
    's3:GetObject on data-bucket/ledger/*',
    's3:GetObject on data-bucket/work/*',
    names('data-bucket', 'work', 'ledger'),
    ...removeWhatIsLeft,
    throughS3,
    forgetPasswords,
    'lambda:InvokeFunction on function:probe-endpoint',
    'lambda:InvokeFunction on function:reach-directory',
  ],
  // It keeps nothing and knows nothing: what to look at comes with the request.
  'probe-endpoint': [...logAndTracesInNetwork, endpointSecrets],
  'reach-directory': [
    ...logAndTracesInNetwork,
    ...state,
    endpointSecrets,
    's3:GetObject s3:PutObject on data-bucket/ledger/conversion/*',
    's3:GetObject s3:PutObject on data-bucket/reports/*',
    names('data-bucket', 'reports', 'ledger/conversion'),
    throughS3,
  ],
  'record-mail-event': [
    ...logAndTraces,
    ...state,
    // Lambda hands on in the function's name what it could not handle.
    'sqs:GetQueueAttributes sqs:GetQueueUrl sqs:SendMessage on missed-mail-events',
  ],
  'start-upload': [
    ...logAndTraces,
    ...state,
    ...start,
    ...sendMail,
    // Lambda hands on in the function's name what it could not handle.
    'sqs:GetQueueAttributes sqs:GetQueueUrl sqs:SendMessage on dead-letters',
  ],
  'find-where-the-batch-stands': [...logAndTraces, ...state, 'states:DescribeExecution on execution:migrate-batch:*'],
  'import-batch-file': [
    ...logAndTraces,
    ...state,
    's3:DeleteObject s3:DeleteObjectVersion s3:GetObject s3:GetObjectVersion on incoming-bucket/incoming/*',
    names('incoming-bucket', 'incoming'),
    's3:GetObject s3:PutObject on data-bucket/work/*',
    names('data-bucket', 'work'),
    throughS3,
    'kms:GenerateDataKey on sealing-key if Null kms:EncryptionContext:stagecoach false',
    'dynamodb:GetItem dynamodb:PutItem on password-table',
  ],
  'check-prerequisites': [
    logAndTracesInNetwork[0]!,
    `ec2:CreateNetworkInterface ec2:DeleteNetworkInterface ec2:DescribeNetworkInterfaces lambda:GetAccountSettings ses:GetAccountSendingEnabled ses:GetSendQuota ${logAndTraces[1]!}`,
    ...state,
    ...open,
  ],
  'prepare-round': [
    ...logAndTracesInNetwork,
    ...state,
    endpointSecrets,
    's3:GetObject s3:PutObject on data-bucket/work/*',
    names('data-bucket', 'work'),
    throughS3,
  ],
  'provision-mailbox': [...logAndTracesInNetwork, ...state, endpointSecrets],
  // It sets the password of the row at the target.
  'forward-mail': [...logAndTracesInNetwork, ...state, ...open],
  'put-back-forwarding': [...logAndTracesInNetwork, ...state, endpointSecrets],
  'plan-round': [
    ...logAndTraces,
    ...state,
    's3:GetObject s3:PutObject on data-bucket/work/*',
    names('data-bucket', 'work'),
    throughS3,
  ],
  'copy-slice': [
    ...logAndTracesInNetwork,
    ...state,
    ...open,
    's3:GetObject s3:PutObject on data-bucket/ledger/*',
    's3:GetObject s3:PutObject on data-bucket/work/*',
    names('data-bucket', 'work', 'ledger'),
    throughS3,
  ],
  'review-round': [
    ...logAndTraces,
    ...state,
    's3:GetObject on data-bucket/work/*',
    names('data-bucket', 'work'),
    throughS3,
  ],
  // Mailboxes that are completed take their passwords with them.
  'settle-batch': [...logAndTraces, ...state, forgetPasswords],
  'remove-batch': [...logAndTraces, ...state, forgetPasswords, ...removeWhatIsLeft, throughS3],
  'write-reports': [
    ...logAndTraces,
    ...state,
    's3:GetObject on data-bucket/ledger/*',
    's3:GetObject on data-bucket/work/*',
    names('data-bucket', 'work', 'ledger'),
    's3:GetObject s3:PutObject on data-bucket/reports/*',
    names('data-bucket', 'reports'),
    throughS3,
  ],
  'send-mail': [...logAndTraces, ...state, ...sendMail, ...readReports],
  'record-failure': [...logAndTraces, ...state, ...sendMail, ...readReports],
  'rest-batch': [...logAndTraces, ...state, ...start],
  // It sends again what a worker that died left claimed, ends executions whose batch is stopped, and deletes what was
  // kept of removed batches.
  tick: [
    ...logAndTraces,
    ...state,
    'states:StartExecution on machine:migrate-batch',
    'states:DescribeExecution states:StopExecution on execution:migrate-batch:*',
    ...sendMail,
    ...readReports,
    's3:DeleteObject on data-bucket/ledger/*',
    's3:DeleteObject on data-bucket/reports/*',
    names('data-bucket', 'reports', 'ledger'),
    's3:GetObject s3:PutObject on data-bucket/ledger/removed/*',
    names('data-bucket', 'ledger/removed'),
  ],
};

describe('what each function may do', () => {
  it.each(functionNames)('%s has its own actions on its own resources and no more', (name) => {
    expect(roleStatements(`stagecoach-${name}`)).toEqual(expected[name].toSorted());
  });

  it('gives every function a role of its own', () => {
    const roles = ofType(service, 'AWS::Lambda::Function').map(([, resource]) => inWords(resource.Properties['Role']));

    expect(new Set(roles).size).toBe(functionNames.length);
  });

  it('keeps network interfaces out of the reach of the code of functions in the VPC', () => {
    for (const name of ['check-prerequisites', 'copy-slice', 'probe-endpoint', 'reach-directory']) {
      expect(roleStatements(`stagecoach-${name}`, 'Deny')).toEqual([
        `ec2:CreateNetworkInterface ec2:DeleteNetworkInterface ec2:DescribeNetworkInterfaces on * if ArnEquals lambda:SourceFunctionArn arn:<AWS::Partition>:lambda:<AWS::Region>:<AWS::AccountId>:function:stagecoach-${name}`,
      ]);
    }
  });

  it('lets the machine call its functions, read manifests, write results and start its children', () => {
    const statements = roleStatements('stagecoach-migrate-batch').filter((line) => !line.startsWith('lambda:'));

    expect(statements).toEqual(
      [
        's3:GetObject on data-bucket/work/*',
        's3:AbortMultipartUpload s3:GetObject s3:ListMultipartUploadParts s3:PutObject on data-bucket/work/_map-results/*',
        throughS3,
        'states:StartExecution on machine:migrate-batch',
        'states:DescribeExecution states:StopExecution on execution:migrate-batch/forward:*',
        'states:DescribeExecution states:StopExecution on execution:migrate-batch/mailboxes:*',
        'states:DescribeExecution states:StopExecution on execution:migrate-batch/provision:*',
        'logs:CreateLogDelivery logs:DeleteLogDelivery logs:DescribeLogGroups logs:DescribeResourcePolicies logs:GetLogDelivery logs:ListLogDeliveries logs:PutResourcePolicy logs:UpdateLogDelivery xray:GetSamplingRules xray:GetSamplingTargets xray:PutTelemetryRecords xray:PutTraceSegments on *',
      ].toSorted(),
    );
    const invoked = roleStatements('stagecoach-migrate-batch').filter((line) => line.startsWith('lambda:'));
    expect(invoked).toHaveLength(taskFunctions.length);
    expect(invoked.join()).not.toMatch(/startupload|tick|functionsapi|probe|reachdirectory|mailevent|\*/i);
  });
});

describe('who may read passwords', () => {
  const everything = functionNames.flatMap((name) =>
    roleStatements(`stagecoach-${name}`).map((statement) => ({ name, statement })),
  );
  const whoMay = (pattern: RegExp) => [
    ...new Set(everything.filter(({ statement }) => pattern.test(statement)).map(({ name }) => name)),
  ];

  it('lets the reader alone read uploads; who puts rows there can take back what it put', () => {
    expect(whoMay(/Get.* on incoming-bucket/)).toEqual(['import-batch-file']);
    expect(whoMay(/incoming-bucket/)).toEqual(['import-batch-file', 'api']);
  });

  it('lets nobody who answers requests open a password or a secret', () => {
    expect(roleStatements('stagecoach-api').join('\n')).not.toMatch(/sealing-key|secretsmanager|GetItem.* on password/);
  });

  it('lets the reader seal, and checker, preparer and copier open', () => {
    expect(whoMay(/GenerateDataKey.* on sealing-key/)).toEqual(['import-batch-file']);
    expect(whoMay(/Decrypt.* on sealing-key/)).toEqual(['check-prerequisites', 'forward-mail', 'copy-slice']);
  });

  it('says the same in the policy of the sealing key, which no other policy can widen', () => {
    const [, key] = ofType(data, 'AWS::KMS::Key').find(([id]) => id.startsWith('SealingKey'))!;
    const statements = key.Properties['KeyPolicy'].Statement as Record<string, any>[];
    const uses = /kms:(Encrypt|Decrypt|GenerateDataKey|ReEncrypt|CreateGrant|\*)/;
    const using = statements.filter((statement) => uses.test([statement['Action']].flat().join(' ')));

    expect(using.map((statement) => [statement['Action'], conditionInWords(statement['Condition'])])).toEqual([
      [
        'kms:GenerateDataKey',
        'ArnEquals aws:PrincipalArn arn:<AWS::Partition>:iam::<AWS::AccountId>:role/stagecoach-import-batch-file and Null kms:EncryptionContext:stagecoach false',
      ],
      [
        'kms:Decrypt',
        'ArnEquals aws:PrincipalArn arn:<AWS::Partition>:iam::<AWS::AccountId>:role/stagecoach-check-prerequisites,arn:<AWS::Partition>:iam::<AWS::AccountId>:role/stagecoach-forward-mail,arn:<AWS::Partition>:iam::<AWS::AccountId>:role/stagecoach-copy-slice and Null kms:EncryptionContext:stagecoach false',
      ],
    ]);
  });

  it('lets nobody scan a table or delete one', () => {
    expect(whoMay(/dynamodb:(Scan|DeleteTable|\*)/)).toEqual([]);
  });
});

describe('wildcards', () => {
  /** Every resource with a wildcard in any policy of the service, and why it has one. */
  const explained: Readonly<Record<string, string>> = {
    '*': 'X-Ray, log delivery, network interfaces and the account’s limits know no resources',
    'data-bucket/work/*': 'objects below a prefix',
    'data-bucket/work/_map-results/*': 'objects below a prefix',
    'data-bucket/reports/*': 'objects below a prefix',
    'data-bucket/ledger/*': 'objects below a prefix',
    'data-bucket/ledger/conversion/*': 'objects below a prefix',
    'data-bucket/ledger/removed/*': 'objects below a prefix',
    'incoming-bucket/incoming/*': 'objects below a prefix',
    'execution:migrate-batch:*': 'executions are named after batches and runs',
    'execution:migrate-batch/forward:*': 'Step Functions names the children of a Map',
    'execution:migrate-batch/mailboxes:*': 'Step Functions names the children of a Map',
    'execution:migrate-batch/provision:*': 'Step Functions names the children of a Map',
    'map-run:migrate-batch/mailboxes:*': 'Step Functions names the runs of a Map',
    'secret:stagecoach/*': 'people name the secrets of their endpoints',
  };
  const actionsWithoutResources =
    /^(?:logs|xray|ec2):|^lambda:GetAccountSettings$|^ses:Get(?:AccountSendingEnabled|SendQuota)$/;

  it('stand for nothing but names that others choose', () => {
    const found = new Set<string>();
    for (const [, policy] of ofType(service, 'AWS::IAM::Policy')) {
      for (const statement of policy.Properties['PolicyDocument'].Statement as Record<string, any>[]) {
        const actions = [statement['Action']].flat() as string[];
        expect(actions.filter((action) => action.includes('*'))).toEqual([]);
        for (const resource of [statement['Resource']].flat().map(inWords)) {
          if (!resource.includes('*')) continue;
          found.add(resource);
          if (resource === '*') expect(actions.filter((action) => !actionsWithoutResources.test(action))).toEqual([]);
        }
      }
    }

    expect([...found].toSorted()).toEqual(Object.keys(explained).toSorted());
  });

  it('are the same without a network, but for its interfaces', () => {
    const { network, ...withoutNetwork } = exampleConfig;
    expect(network).toBeDefined();
    const outside = synthesized(withoutNetwork);

    expect(ofType(outside.service, 'AWS::EC2::VPC')).toHaveLength(0);
    expect(JSON.stringify(outside.service)).not.toContain('ec2:');
  });
});
