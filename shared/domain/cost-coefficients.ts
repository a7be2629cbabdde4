import type { Coefficients } from './cost-model.ts';

/**
 * Fitted to what nine batches made of requests, on 2026-11-21, and written by `npm run cost -- --fit`: to be fitted anew when
 * test/integration/embedded/counted-costs.test.ts says that they no longer hold.
 */
export const initialCoefficients: Coefficients = {
  stateTransitions: { runs: 18, mailboxes: 1, slices: 2 },
  lambdaRequests: { runs: 10, slices: 1 },
  dynamoWriteUnits: { runs: 27.3, mailboxes: 11.5, slices: 10.2, commits: 2.08, progress: 0.44, renewals: 1.99 },
  dynamoReadUnits: { runs: 41.3, mailboxes: 3.63, slices: 5.45, progress: 1.56, renewals: 1.86 },
  s3Writes: { runs: 22, mailboxes: 3, folders: 0.991, pages: 1.01 },
  s3Reads: { runs: 13, mailboxes: -14, slices: 15, pages: 0 },
  kmsRequests: { runs: 1, mailboxes: 1, slices: 1 },
  mails: { runs: 1 },
  logLines: { runs: 5.13, mailboxes: 0.042, slices: -0.0514 },
  ledgerOctets: { mailboxes: 4170, folders: 935, items: 483, pages: 362 },
  mailOctetsOut: { mailboxes: 2460, folders: 442, items: 52.2, octets: 0.999 },
  mailOctetsIn: { mailboxes: 8780, folders: 234, items: 226, octets: 1.01, checkedOctets: 1 },
};

/** A pass over mailboxes in which nothing changed: one slice each. */
export const quietCoefficients: Coefficients = {
  stateTransitions: { runs: 16, mailboxes: 3 },
  lambdaRequests: { runs: 9, mailboxes: 1 },
  dynamoWriteUnits: { runs: 25.9, mailboxes: 16.2 },
  dynamoReadUnits: { runs: 31.5, mailboxes: 13.2 },
  s3Writes: { runs: 20, mailboxes: 3 },
  s3Reads: { runs: 8, mailboxes: 2 },
  kmsRequests: { runs: 1, mailboxes: 1 },
  mails: { runs: 1 },
  logLines: { runs: 5, mailboxes: 0 },
  ledgerOctets: { mailboxes: 4240, folders: 966 },
  mailOctetsOut: { mailboxes: 798, folders: 116 },
  mailOctetsIn: { mailboxes: 3930, folders: 350 },
};
