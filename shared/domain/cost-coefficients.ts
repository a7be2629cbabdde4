import type { Coefficients } from './cost-model.ts';

/**
 * Fitted to what nine batches made of requests, on 2026-11-21, and written by `npm run cost -- --fit`: to be fitted anew when
 * test/integration/embedded/counted-costs.test.ts says that they no longer hold.
 */
export const initialCoefficients: Coefficients = {
  stateTransitions: { runs: 18, mailboxes: 1, slices: 2 },
  lambdaRequests: { runs: 10, slices: 1 },
  dynamoWriteUnits: { runs: 27.5, mailboxes: 10.3, slices: 9.56, commits: 2.12, progress: 0.939, renewals: 2.12 },
  dynamoReadUnits: { runs: 40.2, mailboxes: 2.66, slices: 7.53, progress: 1.05, renewals: 1.71 },
  s3Writes: { runs: 22, mailboxes: 3, folders: 0.991, pages: 1.01 },
  s3Reads: { runs: 12.9, mailboxes: 1.14, slices: 1.86, pages: 1.01 },
  kmsRequests: { runs: 1, mailboxes: 1, slices: 1 },
  mails: { runs: 1 },
  logLines: { runs: 5, mailboxes: 0, slices: 0 },
  ledgerOctets: { mailboxes: 4130, folders: 933, items: 483, pages: 362 },
  mailOctetsOut: { mailboxes: 2610, folders: 585, items: 52.4, octets: 0.999 },
  mailOctetsIn: { mailboxes: 7610, folders: 392, items: 227, octets: 1.01, checkedOctets: 1 },
};

/** A pass over mailboxes in which nothing changed: one slice each. */
export const quietCoefficients: Coefficients = {
  stateTransitions: { runs: 16, mailboxes: 3 },
  lambdaRequests: { runs: 9, mailboxes: 1 },
  dynamoWriteUnits: { runs: 25.7, mailboxes: 16.3 },
  dynamoReadUnits: { runs: 30.8, mailboxes: 12.9 },
  s3Writes: { runs: 20, mailboxes: 3 },
  s3Reads: { runs: 8, mailboxes: 4 },
  kmsRequests: { runs: 1, mailboxes: 1 },
  mails: { runs: 1 },
  logLines: { runs: 5, mailboxes: 0 },
  ledgerOctets: { mailboxes: 4210, folders: 962 },
  mailOctetsOut: { mailboxes: 990, folders: 168 },
  mailOctetsIn: { mailboxes: 4310, folders: 414 },
};
