import type { Coefficients } from './cost-model.ts';

/**
 * Fitted by `npm run cost -- --fit` to what nine batches made of requests, on 2026-11-21; to be fitted anew when the test
 * in test/integration/embedded says that they no longer hold.
 */
export const initialCoefficients: Coefficients = {
  stateTransitions: { runs: 15, mailboxes: 1, slices: 2 },
  lambdaRequests: { runs: 9, slices: 1 },
  dynamoWriteUnits: { runs: 21.5, mailboxes: 9.23, slices: 11.3, commits: 2.14, progress: 0.962, renewals: 1.99 },
  dynamoReadUnits: { runs: 35.7, mailboxes: 1.33, slices: 8.3, progress: 1.07, renewals: 1.94 },
  s3Writes: { runs: 18, mailboxes: 3, folders: 0.991, pages: 1.01 },
  s3Reads: { runs: 10.9, mailboxes: 0.133, slices: 1.86, pages: 1.01 },
  kmsRequests: { runs: 1, mailboxes: 1, slices: 1 },
  mails: { runs: 1 },
  logLines: { runs: 5 },
  ledgerOctets: { mailboxes: 4_010, folders: 933, items: 483, pages: 362 },
  mailOctetsOut: { mailboxes: 933, folders: 630, items: 51.6, octets: 1 },
  mailOctetsIn: { mailboxes: 5_050, folders: 577, items: 216, octets: 1.01, checkedOctets: 0.997 },
};

/** A pass over mailboxes in which nothing changed: one slice each. */
export const quietCoefficients: Coefficients = {
  stateTransitions: { runs: 13, mailboxes: 3 },
  lambdaRequests: { runs: 8, mailboxes: 1 },
  dynamoWriteUnits: { runs: 22.5, mailboxes: 16.4 },
  dynamoReadUnits: { runs: 28.1, mailboxes: 11.7 },
  s3Writes: { runs: 16, mailboxes: 3 },
  s3Reads: { runs: 6, mailboxes: 3 },
  kmsRequests: { runs: 1, mailboxes: 1 },
  mails: { runs: 1 },
  logLines: { runs: 5 },
  ledgerOctets: { mailboxes: 4_070, folders: 956 },
  mailOctetsOut: { mailboxes: 987, folders: 168 },
  mailOctetsIn: { mailboxes: 4_330, folders: 413 },
};
