import type { Coefficients } from './cost-model.ts';

/**
 * Fitted to what nine batches made of requests, on 2026-11-21, and written by `npm run cost -- --fit`: to be fitted anew when
 * test/integration/embedded/counted-costs.test.ts says that they no longer hold.
 */
export const initialCoefficients: Coefficients = {
  stateTransitions: { runs: 18, mailboxes: 1, slices: 2 },
  lambdaRequests: { runs: 10, slices: 1 },
  dynamoWriteUnits: { runs: 27.4, mailboxes: 8.57, slices: 12.1, commits: 2.14, progress: 0.427, renewals: 2.04 },
  dynamoReadUnits: { runs: 40.1, mailboxes: 1.96, slices: 7.01, progress: 1.56, renewals: 1.87 },
  s3Writes: { runs: 22, mailboxes: 3.02, folders: 0.989, pages: 1.02 },
  s3Reads: { runs: 13, mailboxes: -14.8, slices: 15.8, pages: 0 },
  kmsRequests: { runs: 1, mailboxes: 1, slices: 1 },
  mails: { runs: 1 },
  logLines: { runs: 5, mailboxes: 0, slices: 0 },
  ledgerOctets: { mailboxes: 3270, folders: 1020, items: 510, pages: -231 },
  mailOctetsOut: { mailboxes: 2640, folders: 590, items: 52.4, octets: 0.999 },
  mailOctetsIn: { mailboxes: 17100, folders: 1550, items: 146, octets: 1.05, checkedOctets: 0.947 },
};

/** A pass over mailboxes in which nothing changed: one slice each. */
export const quietCoefficients: Coefficients = {
  stateTransitions: { runs: 16, mailboxes: 3 },
  lambdaRequests: { runs: 9, mailboxes: 1 },
  dynamoWriteUnits: { runs: 25.5, mailboxes: 16.4 },
  dynamoReadUnits: { runs: 31, mailboxes: 13.4 },
  s3Writes: { runs: 20, mailboxes: 3 },
  s3Reads: { runs: 8, mailboxes: 2 },
  kmsRequests: { runs: 1, mailboxes: 1 },
  mails: { runs: 1 },
  logLines: { runs: 5, mailboxes: 0 },
  ledgerOctets: { mailboxes: 4220, folders: 963 },
  mailOctetsOut: { mailboxes: 1030, folders: 169 },
  mailOctetsIn: { mailboxes: 4480, folders: 414 },
};
