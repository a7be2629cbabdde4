import { readReport } from '../../../shared/application/read-report.ts';

/** The text of a report, page after page, as the command line reads it. */
export async function wholeReport(
  services: Parameters<typeof readReport>[0],
  request: Parameters<typeof readReport>[1],
  pageCharacters?: number,
): Promise<string> {
  let text = '';
  for (let after: string | null | undefined; after !== null;) {
    const page = await readReport(services, { ...request, after }, pageCharacters);
    text += page.text;
    after = page.next;
  }
  return text;
}
