import { writeFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { CommandError } from '../../shared/contract/problem.ts';
import type { Operations, RequestOf } from '../../shared/contract/routes.ts';
import { ReportName } from '../../shared/domain/report/report-files.ts';
import { printJson, printLines } from '../print.ts';
import type { CommonOptions } from '../flags.ts';
import { withAccess } from '../service-access.ts';

/** Prints a report as it is now, or writes it to a file. With --json a CSV becomes an array of rows. */
export async function readReport(
  name: string,
  written: string,
  options: CommonOptions & { readonly out?: string },
): Promise<void> {
  const kind = ReportName.safeParse(written);
  if (!kind.success)
    throw CommandError.usage(`There is no report ${written}.`, `The reports are ${ReportName.options.join(', ')}.`);
  const report = await withAccess({ options, command: 'batch report' }, ({ operations }) =>
    wholeReport(operations, { name, kind: kind.data }),
  );
  if (options.out !== undefined) {
    writeReport(options.out, report.text);
    if (options.json === true) printJson({ batch: name, report: kind.data, file: options.out });
    else printLines([`${options.out} is written.`]);
  } else if (options.json === true) {
    printJson(
      report.contentType.startsWith('text/csv')
        ? parse(report.text, { columns: true, bom: true })
        : JSON.parse(report.text),
    );
  } else process.stdout.write(report.text);
}

/** Page after page; nothing is written before all are there, so that no half of a report looks like one. */
export async function wholeReport(
  operations: Pick<Operations, 'readReport'>,
  request: RequestOf<'readReport'>,
): Promise<{ readonly contentType: string; readonly text: string }> {
  const first = await operations.readReport(request);
  const pages = [first.text];
  for (let { next } = first; next !== null;) {
    const page = await operations.readReport({ ...request, after: next });
    pages.push(page.text);
    next = page.next;
  }
  return { contentType: first.contentType, text: pages.join('') };
}

function writeReport(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw CommandError.usage(`The report cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}
