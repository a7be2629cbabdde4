import { assertNever } from '../../assert-never.ts';
import { oneLine } from './one-line.ts';
import type { MailBlock, MailContent, MailProblem } from './mail-content.ts';

/** The mail as plain text: what a terminal, a ticket system or a screen reader shows. */
export function renderText(content: MailContent): string {
  const heading = oneLine(content.heading);
  const top = [heading, '='.repeat(heading.length), '', ...noticeLines(content.notice), oneLine(content.lead)];
  const blocks = content.blocks.map((block) => ['', block.heading, '-'.repeat(block.heading.length), ...lines(block)]);
  return `${[...top, ...blocks.flat()].join('\n')}\n`;
}

function noticeLines(notice: string | null): readonly string[] {
  return notice === null ? [] : [`[${oneLine(notice)}]`, ''];
}

function lines(block: MailBlock): readonly string[] {
  switch (block.kind) {
    case 'facts':
      return labelled(block.facts, '');
    case 'paragraphs':
      return block.paragraphs.map(oneLine);
    case 'problems':
      return block.problems.flatMap((problem, index) => [...(index === 0 ? [] : ['']), ...problemLines(problem)]);
    case 'files':
      return block.files.flatMap((file) => [
        `${oneLine(file.name)}${file.attached ? ' (attached)' : ''}`,
        `  ${oneLine(file.location)}`,
      ]);
    default:
      return assertNever(block);
  }
}

function problemLines(problem: MailProblem): readonly string[] {
  return [`* ${oneLine(problem.title)}`, ...labelled(problem.details, '  ')];
}

function labelled(facts: readonly (readonly [string, string])[], indent: string): readonly string[] {
  const width = Math.max(...facts.map(([label]) => oneLine(label).length)) + 1;
  return facts.map(([label, value]) => `${indent}${`${oneLine(label)}:`.padEnd(width)} ${oneLine(value)}`);
}
