import type { Finding } from '../../domain/batch-file/finding.ts';

/** Two for each row of the largest file: enough to correct it in one go, and bounded in memory (about 30 MB). */
const maxFindings = 100_000;

const maxSharedTexts = 1000;

/** All findings of one file, in the order of its lines. */
export class FindingList {
  readonly #findings: Finding[] = [];
  readonly #texts = new Map<string, string>();
  #leftOut = 0;
  #hasFatal = false;

  get hasFatal(): boolean {
    return this.#hasFatal;
  }

  add(finding: Finding): void {
    if (finding.severity === 'fatal') this.#hasFatal = true;
    // A fatal one is kept in any case: it is why the file is refused.
    if (this.#findings.length < maxFindings || finding.severity === 'fatal') this.#findings.push(this.#shared(finding));
    else this.#leftOut += 1;
  }

  /** 50,000 rows with the same fault hold its words once, not 50,000 times. */
  #shared(finding: Finding): Finding {
    return { ...finding, message: this.#words(finding.message), suggestion: this.#words(finding.suggestion) };
  }

  #words(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size < maxSharedTexts) this.#texts.set(text, text);
    return text;
  }

  summary(): { readonly refused: boolean; readonly findings: readonly Finding[]; readonly findingsLeftOut: number } {
    // Down to the code, so that the order does not depend on how the file was cut into chunks.
    const findings = this.#findings.sort(
      (a, b) => a.line - b.line || (a.field ?? 0) - (b.field ?? 0) || (a.code < b.code ? -1 : Number(a.code > b.code)),
    );
    return { refused: this.#hasFatal, findings, findingsLeftOut: this.#leftOut };
  }
}
