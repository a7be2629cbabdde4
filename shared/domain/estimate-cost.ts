import type { Price, PriceList, PriceTier } from './aws-prices.ts';
import { initialCoefficients, quietCoefficients } from './cost-coefficients.ts';
import { copySeconds, initialDrivers, predictCounts, quietDrivers } from './cost-model.ts';
import type { Drivers, RequestCounts, Workload } from './cost-model.ts';

export interface CostRequest {
  readonly mailboxes: number;
  /** Of messages, over all mailboxes. */
  readonly octets: number;
  readonly items: number;
  /** Over all mailboxes, those that hold something. Default: 10 a mailbox. */
  readonly folders?: number;
  /** Passes over all mailboxes after the first, in which nothing changed. Default: none. */
  readonly quietPasses?: number;
  /** With a network of its own for a fixed address: everything to and from mail servers goes through a NAT gateway. */
  readonly natGateway: boolean;
  /** How long the deployment stands. Default: a month, 30 days. */
  readonly days?: number;
  /** Octets a second of one mailbox. Default: 3 MB/s. */
  readonly octetsPerSecond?: number;
  readonly prices: PriceList;
}

export interface CostLine {
  readonly what: string;
  readonly quantity: number;
  readonly price: Price;
  readonly dollars: number;
}

export interface CostEstimate {
  /** What the work costs, in this order: the mail itself first. */
  readonly lines: readonly CostLine[];
  /** What costs the same whether it works or not, for the days it stands. */
  readonly standing: readonly CostLine[];
  readonly dollars: number;
  readonly drivers: Drivers;
  readonly counts: RequestCounts;
  /** Of copiers at work. */
  readonly copySeconds: number;
}

const GB = 1e9;
const defaultPace = 3e6;
const foldersAMailbox = 10;
/** TLS records, TCP and IP headers of what is sent; and acknowledgements of what comes in, which go out. */
const wireOverhead = 1.03;
const acknowledged = 0.015;
/** memorySize of copy-slice and of the largest of the others (infra/constructs/batch-functions.ts). */
const copierGb = 1769 / 1024;
const othersGb = 1;
/** Of a function other than the copier, cold start included; of the parts of a batch's functions that a mailbox takes. */
const otherSeconds = 2;
const secondsAMailbox = 0.1;
const quietSeconds = 5;
/** A line of the functions' log with its context; Lambda's own lines of an invocation; a state's two or three events. */
const logLineOctets = 400;
const invocationOctets = 1_000;
const transitionOctets = 1_000;
/** Written by the Map itself: manifest and results of its children; and its reading of our manifest. */
const mapWrites = 4;
const mapReads = 1;
const keys = 2;
const alarms = 9;
/** Every five minutes, half a second of half a GB, and a few items read. */
const ticksADay = 288;
const tickGbSeconds = 0.25;
const tickReads = 5;
const daysAMonth = 30;

/** List prices without free tiers, taxes or discounts. Amounts are dollars. */
export function estimateCost(request: CostRequest): CostEstimate {
  const { mailboxes, octets, items, prices, quietPasses = 0, octetsPerSecond = defaultPace } = request;
  const folders = request.folders ?? mailboxes * foldersAMailbox;
  const workload: Workload = { mailboxes, octets, items, folders, octetsPerSecond };
  const drivers = initialDrivers(workload);
  const initial = predictCounts(initialCoefficients, drivers);
  const quiet = predictCounts(quietCoefficients, quietDrivers(workload));
  const counts = addCounts(initial, quiet, quietPasses);
  const seconds = copySeconds(workload);
  const lines = [
    ...mailLines(counts, request),
    ...computeLines(counts, {
      passes: 1 + quietPasses,
      seconds,
      quietSlices: mailboxes * quietPasses,
      mailboxes,
      prices,
    }),
    ...requestLines(counts, { passes: 1 + quietPasses, mailboxes, prices }),
  ];
  const standing = standingLines(counts, request);
  const dollars = [...lines, ...standing].reduce((sum, line) => sum + line.dollars, 0);
  return { lines, standing, dollars, drivers, counts, copySeconds: seconds };
}

function mailLines(counts: RequestCounts, { natGateway, prices }: CostRequest): readonly CostLine[] {
  const out = (counts.mailOctetsOut * wireOverhead + counts.mailOctetsIn * acknowledged) / GB;
  const both = ((counts.mailOctetsOut + counts.mailOctetsIn) * wireOverhead) / GB;
  return [
    ...tiered('Egress: mail that leaves AWS', out, prices.egressGb),
    ...(natGateway ? [line('NAT gateway: what passes it', both, prices.natGb)] : []),
  ];
}

interface Work {
  readonly passes: number;
  readonly mailboxes: number;
  readonly prices: PriceList;
}

function computeLines(
  counts: RequestCounts,
  {
    passes,
    seconds,
    quietSlices,
    mailboxes,
    prices,
  }: Work & { readonly seconds: number; readonly quietSlices: number },
): readonly CostLine[] {
  const copier = (seconds + quietSlices * quietSeconds) * copierGb;
  // Nine functions a pass beside the copier, and what they do for each mailbox.
  const others = passes * (9 * otherSeconds + mailboxes * secondsAMailbox) * othersGb;
  return [
    line('Lambda: the copier at work', copier, prices.lambdaGbSecond),
    line('Lambda: the other functions', others, prices.lambdaGbSecond),
    line('Lambda: requests', counts.lambdaRequests, prices.lambdaRequest),
    line('Step Functions', counts.stateTransitions, prices.stateTransition),
  ];
}

function requestLines(counts: RequestCounts, { passes, mailboxes, prices }: Work): readonly CostLine[] {
  const { logLines, lambdaRequests, stateTransitions } = counts;
  const logged = logLines * logLineOctets + lambdaRequests * invocationOctets + stateTransitions * transitionOctets;
  return [
    line('DynamoDB: writes', counts.dynamoWriteUnits, prices.dynamoWriteUnit),
    line('DynamoDB: reads', counts.dynamoReadUnits, prices.dynamoReadUnit),
    line('S3: PUT and LIST', counts.s3Writes + mapWrites * passes, prices.s3Write),
    line('S3: GET', counts.s3Reads + mapReads * passes, prices.s3Read),
    line('KMS: passwords sealed and opened', counts.kmsRequests, prices.kmsRequest),
    line('SES', counts.mails, prices.mail),
    line('CloudWatch: logs', logged / GB, prices.logGb),
    // At most: X-Ray samples.
    line('X-Ray', passes * (1 + mailboxes), prices.trace),
  ];
}

function standingLines(counts: RequestCounts, { natGateway, prices, days = daysAMonth }: CostRequest): CostLine[] {
  const months = days / daysAMonth;
  const hours = days * 24;
  return [
    line('KMS: keys', keys * months, prices.kmsKeyMonth),
    line('CloudWatch: alarms', alarms * months, prices.alarmMonth),
    line('Tick: Lambda', days * ticksADay * tickGbSeconds, prices.lambdaGbSecond),
    line('Tick: DynamoDB', days * ticksADay * tickReads, prices.dynamoReadUnit),
    line('S3: the ledger', (counts.ledgerOctets / GB) * months, prices.s3GbMonth),
    ...(natGateway
      ? [line('NAT gateway: hours', hours, prices.natHour), line('NAT gateway: its address', hours, prices.addressHour)]
      : []),
  ];
}

function line(what: string, quantity: number, price: Price): CostLine {
  return { what, quantity, price, dollars: quantity * price.dollars };
}

/** One line a step that is reached. */
function tiered(what: string, quantity: number, tiers: readonly PriceTier[]): readonly CostLine[] {
  return tiers.flatMap((tier, at) => {
    const below = tiers[at - 1]?.upTo ?? 0;
    const within = Math.min(quantity, tier.upTo) - below;
    return within > 0 ? [line(what, within, tier)] : [];
  });
}

function addCounts(initial: RequestCounts, quiet: RequestCounts, passes: number): RequestCounts {
  const add = (name: keyof RequestCounts): number => initial[name] + passes * quiet[name];
  return {
    stateTransitions: add('stateTransitions'),
    lambdaRequests: add('lambdaRequests'),
    dynamoWriteUnits: add('dynamoWriteUnits'),
    dynamoReadUnits: add('dynamoReadUnits'),
    s3Writes: add('s3Writes'),
    s3Reads: add('s3Reads'),
    kmsRequests: add('kmsRequests'),
    mails: add('mails'),
    logLines: add('logLines'),
    ledgerOctets: add('ledgerOctets'),
    mailOctetsOut: add('mailOctetsOut'),
    mailOctetsIn: add('mailOctetsIn'),
  };
}
