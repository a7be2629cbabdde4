import type { Coefficients } from './cost-model.ts';

/**
 * Fitted to what nine batches made of requests, on 2026-11-21, and written by `npm run cost -- --fit`: to be fitted anew when
 * test/integration/embedded/counted-costs.test.ts says that they no longer hold.
 */
export const initialCoefficients: Coefficients = {
  stateTransitions: { runs: 18, mailboxes: 1, slices: 2 },
  lambdaRequests: { runs: 10, slices: 1 },
  dynamoWriteUnits: { runs: 27.2, mailboxes: 11.8, slices: 9.85, commits: 2.08, progress: 0.443, renewals: 1.93 },
  dynamoReadUnits: { runs: 41.3, mailboxes: 2.9, slices: 6.24, progress: 1.55, renewals: 1.89 },
  s3Writes: { runs: 22, mailboxes: 3, folders: 0.991, pages: 1.01 },
  s3Reads: { runs: 13, mailboxes: -13.3, slices: 14.3, pages: 0 },
  kmsRequests: { runs: 1, mailboxes: 1, slices: 1 },
  mails: { runs: 1 },
  logLines: { runs: 5.13, mailboxes: 0.0249, slices: -0.0343 },
  ledgerOctets: { mailboxes: 4170, folders: 935, items: 483, pages: 362 },
  mailOctetsOut: { mailboxes: 2670, folders: 509, items: 52.3, octets: 0.999 },
  mailOctetsIn: { mailboxes: 10000, folders: 395, items: 217, octets: 1.01, checkedOctets: 0.995 },
};

/** A pass over mailboxes in which nothing changed: one slice each. */
export const quietCoefficients: Coefficients = {
  stateTransitions: { runs: 16, mailboxes: 3 },
  lambdaRequests: { runs: 9, mailboxes: 1 },
  dynamoWriteUnits: { runs: 25.6, mailboxes: 16.3 },
  dynamoReadUnits: { runs: 31.1, mailboxes: 13.3 },
  s3Writes: { runs: 20, mailboxes: 3 },
  s3Reads: { runs: 8, mailboxes: 2 },
  kmsRequests: { runs: 1, mailboxes: 1 },
  mails: { runs: 1 },
  logLines: { runs: 5, mailboxes: 0 },
  ledgerOctets: { mailboxes: 4240, folders: 966 },
  mailOctetsOut: { mailboxes: 972, folders: 167 },
  mailOctetsIn: { mailboxes: 4100, folders: 383 },
};
