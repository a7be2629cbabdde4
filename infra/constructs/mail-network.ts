import { RemovalPolicy } from 'aws-cdk-lib';
import {
  CfnEIP,
  FlowLogDestination,
  GatewayVpcEndpointAwsService,
  IpAddresses,
  NatProvider,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import type { FunctionOptions } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { asIVpc } from '../exact-types.ts';

export interface MailNetworkProps {
  readonly cidr: string;
  /** Days that flow logs are kept. */
  readonly logRetention: RetentionDays;
}

/**
 * A VPC whose only way out is one NAT gateway with a fixed address, for mail servers that admit known addresses only. S3
 * and DynamoDB are reached through gateway endpoints, which cost nothing, so that the ledger does not pay for the NAT.
 */
export class MailNetwork extends Construct {
  /** What the mail servers' firewalls have to admit. */
  readonly address: string;
  readonly #vpc: Vpc;
  readonly #group: SecurityGroup;

  constructor(scope: Construct, id: string, props: MailNetworkProps) {
    super(scope, id);
    const address = new CfnEIP(this, 'Address', { domain: 'vpc' });
    // The address is on other people's allow-lists: it stays when the network goes, and is released by hand.
    address.applyRemovalPolicy(RemovalPolicy.RETAIN);
    this.address = address.attrPublicIp;
    this.#vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr(props.cidr),
      maxAzs: 2,
      // One for both zones: an address is one line in an allow-list. While its zone is down, slices wait.
      natGateways: 1,
      natGatewayProvider: NatProvider.gateway({ eipAllocationIds: [address.attrAllocationId] }),
      subnetConfiguration: [
        { name: 'way-out', subnetType: SubnetType.PUBLIC, mapPublicIpOnLaunch: false },
        { name: 'functions', subnetType: SubnetType.PRIVATE_WITH_EGRESS },
      ],
      gatewayEndpoints: {
        S3: { service: GatewayVpcEndpointAwsService.S3 },
        DynamoDb: { service: GatewayVpcEndpointAwsService.DYNAMODB },
      },
      // Emptying the default group takes a function with rights over every group; nothing of ours uses it.
      restrictDefaultSecurityGroup: false,
    });
    this.#vpc.addFlowLog('Flows', {
      destination: FlowLogDestination.toCloudWatchLogs(
        new LogGroup(this, 'FlowLog', { retention: props.logRetention, removalPolicy: RemovalPolicy.DESTROY }),
      ),
    });
    this.#group = new SecurityGroup(this, 'Group', {
      vpc: asIVpc(this.#vpc),
      description: 'Stagecoach functions that talk to mail servers: out to any port an endpoint names, in from nowhere',
      allowAllOutbound: true,
    });
  }

  placement(): Pick<FunctionOptions, 'vpc' | 'vpcSubnets' | 'securityGroups'> {
    return {
      vpc: asIVpc(this.#vpc),
      vpcSubnets: { subnetType: SubnetType.PRIVATE_WITH_EGRESS },
      securityGroups: [this.#group],
    };
  }
}
