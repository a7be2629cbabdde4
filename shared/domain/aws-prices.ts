/** A list price in US dollars, with what it is for and where AWS says it. */
export interface Price {
  readonly dollars: number;
  readonly unit: string;
  readonly source: string;
}

/** Each step of a tiered price: up to so many units a month. */
export interface PriceTier extends Price {
  readonly upTo: number;
}

/** What a deployment of Stagecoach is charged for, in one region. */
export interface PriceList {
  readonly region: string;
  /** Day on which the pages were looked up. */
  readonly lookedUp: string;
  readonly stateTransition: Price;
  /** arm64, first tier. */
  readonly lambdaGbSecond: Price;
  readonly lambdaRequest: Price;
  readonly dynamoWriteUnit: Price;
  readonly dynamoReadUnit: Price;
  readonly s3Write: Price;
  readonly s3Read: Price;
  readonly s3GbMonth: Price;
  readonly kmsRequest: Price;
  readonly kmsKeyMonth: Price;
  readonly mail: Price;
  readonly logGb: Price;
  readonly alarmMonth: Price;
  readonly trace: Price;
  readonly natHour: Price;
  readonly natGb: Price;
  readonly addressHour: Price;
  /** Data out to the internet. */
  readonly egressGb: readonly PriceTier[];
}

const stepFunctions = 'https://aws.amazon.com/step-functions/pricing/';
const lambda = 'https://aws.amazon.com/lambda/pricing/';
const dynamo = 'https://aws.amazon.com/dynamodb/pricing/on-demand/';
const s3 = 'https://aws.amazon.com/s3/pricing/';
const kms = 'https://aws.amazon.com/kms/pricing/';
const cloudWatch = 'https://aws.amazon.com/cloudwatch/pricing/';
const vpc = 'https://aws.amazon.com/vpc/pricing/';
const ec2 = 'https://aws.amazon.com/ec2/pricing/on-demand/';

/** US East (N. Virginia), without free tiers. Other regions: copy, and put in what their pages say. */
export const usEast1: PriceList = {
  region: 'us-east-1',
  lookedUp: '2026-11-21',
  stateTransition: { dollars: 0.025 / 1_000, unit: 'transition of a Standard workflow', source: stepFunctions },
  lambdaGbSecond: { dollars: 0.0000133334, unit: 'GB-second, arm64', source: lambda },
  lambdaRequest: { dollars: 0.2 / 1e6, unit: 'request', source: lambda },
  dynamoWriteUnit: { dollars: 0.625 / 1e6, unit: 'write request unit', source: dynamo },
  dynamoReadUnit: { dollars: 0.125 / 1e6, unit: 'read request unit', source: dynamo },
  s3Write: { dollars: 0.005 / 1_000, unit: 'PUT or LIST', source: s3 },
  s3Read: { dollars: 0.0004 / 1_000, unit: 'GET', source: s3 },
  s3GbMonth: { dollars: 0.023, unit: 'GB-month, Standard', source: s3 },
  kmsRequest: { dollars: 0.03 / 10_000, unit: 'request', source: kms },
  kmsKeyMonth: { dollars: 1, unit: 'key and month', source: kms },
  mail: { dollars: 0.1 / 1_000, unit: 'mail', source: 'https://aws.amazon.com/ses/pricing/' },
  logGb: { dollars: 0.5, unit: 'GB taken in', source: cloudWatch },
  alarmMonth: { dollars: 0.1, unit: 'alarm and month', source: cloudWatch },
  trace: { dollars: 5 / 1e6, unit: 'trace recorded', source: 'https://aws.amazon.com/xray/pricing/' },
  natHour: { dollars: 0.045, unit: 'gateway and hour', source: vpc },
  natGb: { dollars: 0.045, unit: 'GB, each way', source: vpc },
  addressHour: { dollars: 0.005, unit: 'public IPv4 address and hour', source: vpc },
  egressGb: [
    { upTo: 10_000, dollars: 0.09, unit: 'GB', source: ec2 },
    { upTo: 50_000, dollars: 0.085, unit: 'GB', source: ec2 },
    { upTo: 150_000, dollars: 0.07, unit: 'GB', source: ec2 },
    { upTo: Infinity, dollars: 0.05, unit: 'GB', source: ec2 },
  ],
};
