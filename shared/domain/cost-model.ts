/** What a run of a batch consists of. Everything that AWS charges requests for is linear in these numbers. */
export interface Drivers {
  /** Executions of `migrate-batch`: one a pass over a batch, where nothing is cut off. */
  readonly runs: number;
  readonly mailboxes: number;
  /** Invocations of the copier: at least one a mailbox. */
  readonly slices: number;
  /** Source folders that hold something. These and all that follow are over all mailboxes. */
  readonly folders: number;
  readonly items: number;
  /** Of messages; and of those that are read again to be compared. */
  readonly octets: number;
  readonly checkedOctets: number;
  /** Pages copied: ledger segments written. */
  readonly pages: number;
  /** Writes that commit pages: at most one a page, fewer where several pages are through at once. */
  readonly commits: number;
  /** Writes of a mailbox's progress: one a slice, then at most one a second and one a commit. */
  readonly progress: number;
  /** Renewals of lease and slot: one every 30 seconds of a slice. */
  readonly renewals: number;
}

/** What AWS meters of a run, storage and durations apart. */
export interface RequestCounts {
  readonly stateTransitions: number;
  readonly lambdaRequests: number;
  /** Request units: 1 KB each, and 4 KB read consistently. */
  readonly dynamoWriteUnits: number;
  readonly dynamoReadUnits: number;
  /** PUT and LIST; GET. Deletions are free. */
  readonly s3Writes: number;
  readonly s3Reads: number;
  readonly kmsRequests: number;
  readonly mails: number;
  /** Lines that the functions log. */
  readonly logLines: number;
  /** Written below `ledger/`, which is kept. */
  readonly ledgerOctets: number;
  /** To both mail servers, and from them, before TLS, TCP and IP add theirs. */
  readonly mailOctetsOut: number;
  readonly mailOctetsIn: number;
}

/** How much of each count every unit of a driver brings. */
export type Coefficients = Readonly<Record<keyof RequestCounts, Readonly<Partial<Record<keyof Drivers, number>>>>>;

export const countNames = [
  'stateTransitions',
  'lambdaRequests',
  'dynamoWriteUnits',
  'dynamoReadUnits',
  's3Writes',
  's3Reads',
  'kmsRequests',
  'mails',
  'logLines',
  'ledgerOctets',
  'mailOctetsOut',
  'mailOctetsIn',
] as const satisfies readonly (keyof RequestCounts)[];

export function predictCounts(coefficients: Coefficients, drivers: Drivers): RequestCounts {
  const predict = (name: keyof RequestCounts): number =>
    driverNames.reduce((sum, driver) => sum + (coefficients[name][driver] ?? 0) * drivers[driver], 0);
  return {
    stateTransitions: predict('stateTransitions'),
    lambdaRequests: predict('lambdaRequests'),
    dynamoWriteUnits: predict('dynamoWriteUnits'),
    dynamoReadUnits: predict('dynamoReadUnits'),
    s3Writes: predict('s3Writes'),
    s3Reads: predict('s3Reads'),
    kmsRequests: predict('kmsRequests'),
    mails: predict('mails'),
    logLines: predict('logLines'),
    ledgerOctets: predict('ledgerOctets'),
    mailOctetsOut: predict('mailOctetsOut'),
    mailOctetsIn: predict('mailOctetsIn'),
  };
}

export const driverNames = [
  'runs',
  'mailboxes',
  'slices',
  'folders',
  'items',
  'octets',
  'checkedOctets',
  'pages',
  'commits',
  'progress',
  'renewals',
] as const satisfies readonly (keyof Drivers)[];

/** A batch before it is run: what one knows of its mailboxes. */
export interface Workload {
  readonly mailboxes: number;
  /** Over all mailboxes. */
  readonly octets: number;
  readonly items: number;
  /** Folders that hold something, over all mailboxes. */
  readonly folders: number;
  /** Octets a second of one mailbox: what the two servers and the line let through. */
  readonly octetsPerSecond: number;
}

/** Most items and octets that a page holds on average: the limits are 200 and 8 MB, and listings and large items end pages early. */
const pageItems = 192;
const pageOctets = 7_000_000;
/** Re-read at the target, of each mailbox (docs/verification.md). */
const sampleItems = 299;
/** A slice ends after 14 minutes, and a lease is renewed every 30 s. */
const sliceSeconds = 14 * 60;
const renewalSeconds = 30;
/** To sign in, list and plan at the beginning of a slice, and to compare at the end of a pass: servers far away. */
export const fixedSecondsAMailbox = 10;

/** The initial pass of a batch. Commits are the most there can be: one a page, as servers that are far away bring it. */
export function initialDrivers(workload: Workload): Drivers {
  const { mailboxes, octets, items, folders } = workload;
  const inAFolder = Math.max(items / folders / pageItems, octets / folders / pageOctets);
  // Half a page is left over in a folder of several; a folder of less than one has one.
  const pages = folders === 0 ? 0 : Math.ceil(folders * Math.max(Math.min(1, items / folders), inAFolder + 0.5));
  const seconds = copySeconds(workload);
  const slices = mailboxes * Math.max(1, Math.ceil(seconds / mailboxes / sliceSeconds));
  const sampled = Math.min(items, mailboxes * sampleItems);
  return {
    runs: 1,
    mailboxes,
    slices,
    folders,
    items,
    octets,
    checkedOctets: items === 0 ? 0 : (octets / items) * sampled,
    pages,
    commits: pages,
    progress: slices + Math.min(pages, Math.floor(seconds)),
    renewals: Math.floor(seconds / renewalSeconds),
  };
}

/** A pass over mailboxes in which nothing changed. */
export function quietDrivers({ mailboxes, folders, items, octets }: Workload): Drivers {
  const nothing = { checkedOctets: 0, pages: 0, commits: 0, renewals: 0 };
  return { runs: 1, mailboxes, slices: mailboxes, folders, items, octets, progress: mailboxes, ...nothing };
}

/** Seconds of copiers at work, over all mailboxes. */
export function copySeconds({ mailboxes, octets, octetsPerSecond }: Workload): number {
  return octets / octetsPerSecond + mailboxes * fixedSecondsAMailbox;
}
