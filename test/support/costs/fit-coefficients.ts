import { countNames } from '../../../shared/domain/cost-model.ts';
import type { Coefficients, Drivers, RequestCounts } from '../../../shared/domain/cost-model.ts';

export interface Observation {
  readonly drivers: Drivers;
  readonly counts: RequestCounts;
}

type Causes = Readonly<Record<keyof RequestCounts, readonly (keyof Drivers)[]>>;

/** Which numbers can bring which count at all, known from the program; how much is what is fitted. */
export const initialCauses: Causes = {
  stateTransitions: ['runs', 'mailboxes', 'slices'],
  lambdaRequests: ['runs', 'slices'],
  dynamoWriteUnits: ['runs', 'mailboxes', 'slices', 'commits', 'progress', 'renewals'],
  dynamoReadUnits: ['runs', 'mailboxes', 'slices', 'progress', 'renewals'],
  s3Writes: ['runs', 'mailboxes', 'folders', 'pages'],
  s3Reads: ['runs', 'mailboxes', 'slices', 'pages'],
  kmsRequests: ['runs', 'mailboxes', 'slices'],
  mails: ['runs'],
  logLines: ['runs', 'mailboxes', 'slices'],
  ledgerOctets: ['mailboxes', 'folders', 'items', 'pages'],
  mailOctetsOut: ['mailboxes', 'folders', 'items', 'octets'],
  mailOctetsIn: ['mailboxes', 'folders', 'items', 'octets', 'checkedOctets'],
};

/** A pass in which nothing changed: each mailbox is one slice that asks for the state of its folders. */
export const quietCauses: Causes = {
  stateTransitions: ['runs', 'mailboxes'],
  lambdaRequests: ['runs', 'mailboxes'],
  dynamoWriteUnits: ['runs', 'mailboxes'],
  dynamoReadUnits: ['runs', 'mailboxes'],
  s3Writes: ['runs', 'mailboxes'],
  s3Reads: ['runs', 'mailboxes'],
  kmsRequests: ['runs', 'mailboxes'],
  mails: ['runs'],
  logLines: ['runs', 'mailboxes'],
  ledgerOctets: ['mailboxes', 'folders'],
  mailOctetsOut: ['mailboxes', 'folders'],
  mailOctetsIn: ['mailboxes', 'folders'],
};

/** Least squares over what was counted. */
export function fitCoefficients(observations: readonly Observation[], causes: Causes): Coefficients {
  const rows = countNames.map((count) => {
    const present = causes[count];
    const matrix = observations.map(({ drivers }) => present.map((driver) => drivers[driver]));
    // Relative errors count, so that the small batches say what a batch costs and the large ones what a page does.
    const weights = observations.map(({ counts }) => 1 / Math.max(1, counts[count]));
    const solved = solve(
      matrix.map((row, at) => row.map((value) => value * (weights[at] ?? 0))),
      observations.map(({ counts }, at) => counts[count] * (weights[at] ?? 0)),
    );
    return [count, Object.fromEntries(present.map((driver, at) => [driver, round(solved[at] ?? 0)]))] as const;
  });
  return Object.fromEntries(rows) as Coefficients;
}

/** Largest relative error of a prediction. */
export function largestError(predicted: RequestCounts, counted: RequestCounts): { count: string; error: number } {
  return countNames
    .map((count) => ({ count, error: Math.abs(predicted[count] - counted[count]) / Math.max(1, counted[count]) }))
    .reduce((most, one) => (one.error > most.error ? one : most));
}

/** The normal equations, by elimination with pivots; columns are scaled, since octets are millions and runs are one. */
function solve(matrix: readonly (readonly number[])[], wanted: readonly number[]): readonly number[] {
  const size = matrix[0]?.length ?? 0;
  const scale = Array.from({ length: size }, (_, column) => Math.hypot(...matrix.map((row) => row[column] ?? 0)) || 1);
  const scaled = matrix.map((row) => row.map((value, column) => value / (scale[column] ?? 1)));
  const system = Array.from({ length: size }, (_, row) => [
    ...Array.from({ length: size }, (__, column) =>
      scaled.reduce((sum, line) => sum + (line[row] ?? 0) * (line[column] ?? 0), row === column ? 1e-9 : 0),
    ),
    scaled.reduce((sum, line, at) => sum + (line[row] ?? 0) * (wanted[at] ?? 0), 0),
  ]);
  for (let column = 0; column < size; column += 1) {
    const pivot = system
      .map((row, at) => ({ at, value: Math.abs(row[column] ?? 0) }))
      .filter(({ at }) => at >= column)
      .reduce((most, one) => (one.value > most.value ? one : most)).at;
    const [top, other] = [system[pivot] ?? [], system[column] ?? []];
    system[column] = top;
    system[pivot] = other;
    for (const [at, row] of system.entries()) {
      if (at === column) continue;
      const factor = (row[column] ?? 0) / (top[column] ?? 1);
      for (const place of row.keys()) row[place] = (row[place] ?? 0) - factor * (top[place] ?? 0);
    }
  }
  return system.map((row, at) => (row[size] ?? 0) / (row[at] ?? 1) / (scale[at] ?? 1));
}

/** Three digits: more would claim what was not measured. Next to nothing is nothing. */
function round(value: number): number {
  return Math.abs(value) < 0.0005 ? 0 : Number(value.toPrecision(3));
}
