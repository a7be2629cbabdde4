import type { Coefficients } from './cost-model.ts';

/**
 * Fitted to what nine batches made of requests, on 2026-11-21, and written by `npm run cost -- --fit`: to be fitted anew when
 * test/integration/embedded/counted-costs.test.ts says that they no longer hold.
 */
export const initialCoefficients: Coefficients = {
  stateTransitions: { runs: 18, mailboxes: 1.5, slices: 1.5 },
  lambdaRequests: { runs: 10, slices: 1 },
  dynamoWriteUnits: { runs: 26.9, mailboxes: 10.5, slices: 10.5, commits: 2.3, progress: 0.615, renewals: 2.13 },
  dynamoReadUnits: { runs: 40.8, mailboxes: 4.62, slices: 4.62, progress: 1.54, renewals: 1.95 },
  s3Writes: { runs: 22, mailboxes: 3, folders: 0.991, pages: 1.01 },
  s3Reads: { runs: 13, mailboxes: 0.5, slices: 0.5, pages: 0 },
  kmsRequests: { runs: 1, mailboxes: 1, slices: 1 },
  mails: { runs: 1 },
  logLines: { runs: 5, mailboxes: 0, slices: 0 },
  ledgerOctets: { mailboxes: 4170, folders: 935, items: 483, pages: 362 },
  mailOctetsOut: { mailboxes: 2670, folders: 510, items: 52.3, octets: 0.999 },
  mailOctetsIn: { mailboxes: 8470, folders: 241, items: 231, octets: 1.01, checkedOctets: 1 },
};

/** A pass over mailboxes in which nothing changed: one slice each. */
export const quietCoefficients: Coefficients = {
  stateTransitions: { runs: 16, mailboxes: 3 },
  lambdaRequests: { runs: 9, mailboxes: 1 },
  dynamoWriteUnits: { runs: 25.6, mailboxes: 16.4 },
  dynamoReadUnits: { runs: 31.1, mailboxes: 13.4 },
  s3Writes: { runs: 20, mailboxes: 3 },
  s3Reads: { runs: 8, mailboxes: 2 },
  kmsRequests: { runs: 1, mailboxes: 1 },
  mails: { runs: 1 },
  logLines: { runs: 5, mailboxes: 0 },
  ledgerOctets: { mailboxes: 4240, folders: 966 },
  mailOctetsOut: { mailboxes: 972, folders: 167 },
  mailOctetsIn: { mailboxes: 4110, folders: 387 },
};
