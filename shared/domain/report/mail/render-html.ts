import { assertNever } from '../../assert-never.ts';
import type { MailBlock, MailContent, MailFile, MailProblem } from './mail-content.ts';

const colours: Record<MailContent['mood'], string> = { good: '#1a7f37', warning: '#9a6700', bad: '#cf222e' };

const font = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const label = 'padding:3px 16px 3px 0;color:#57606a;vertical-align:top;white-space:nowrap';
const value = 'padding:3px 0;vertical-align:top;word-break:break-word';

/**
 * The mail as HTML that a phone can show: one column, styles in the tags (mail programs drop style sheets), nothing
 * loaded from anywhere.
 */
export function renderHtml(content: MailContent): string {
  const colour = colours[content.mood];
  return [
    '<!DOCTYPE html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escaped(content.subject)}</title></head>`,
    `<body style="margin:0;padding:16px;background:#ffffff;color:#1f2328;${font};font-size:15px;line-height:1.45">`,
    '<div style="max-width:640px;margin:0 auto">',
    notice(content.notice),
    `<h1 style="margin:0 0 8px;padding-left:12px;border-left:5px solid ${colour};font-size:20px">${escaped(content.heading)}</h1>`,
    `<p style="margin:0 0 16px">${prose(content.lead)}</p>`,
    ...content.blocks.map(blockHtml),
    '</div></body></html>',
    '',
  ]
    .filter((line, index, all) => line !== '' || index === all.length - 1)
    .join('\n');
}

function notice(text: string | null): string {
  if (text === null) return '';
  return `<p style="margin:0 0 16px;padding:8px 12px;background:#fff8c5">${prose(text)}</p>`;
}

function blockHtml(block: MailBlock): string {
  const heading = `<h2 style="margin:24px 0 8px;font-size:16px">${escaped(block.heading)}</h2>`;
  return `${heading}\n${bodyHtml(block)}`;
}

function bodyHtml(block: MailBlock): string {
  switch (block.kind) {
    case 'facts':
      return table(block.facts);
    case 'paragraphs':
      return block.paragraphs.map((text) => `<p style="margin:0 0 8px">${prose(text)}</p>`).join('\n');
    case 'problems':
      return block.problems.map(problemHtml).join('\n');
    case 'files':
      return `<ul style="margin:0;padding-left:20px">\n${block.files.map(fileHtml).join('\n')}\n</ul>`;
    default:
      return assertNever(block);
  }
}

function table(facts: readonly (readonly [string, string])[]): string {
  const rows = facts.map(
    ([name, text]) => `<tr><td style="${label}">${escaped(name)}</td><td style="${value}">${prose(text)}</td></tr>`,
  );
  return `<table role="presentation" cellspacing="0" cellpadding="0" style="border-collapse:collapse">\n${rows.join('\n')}\n</table>`;
}

function problemHtml(problem: MailProblem): string {
  return `<div style="margin:0 0 16px;padding:10px 12px;background:#f6f8fa"><p style="margin:0 0 6px"><strong>${prose(problem.title)}</strong></p>\n${table(problem.details)}\n</div>`;
}

function fileHtml(file: MailFile): string {
  const note = file.attached ? ' (attached)' : '';
  return `<li style="margin:0 0 6px;word-break:break-all">${escaped(file.name)}${note}<br>${locationHtml(file.location)}</li>`;
}

/** Only what a browser opens safely becomes a link: paths and s3:// URIs are for copying. */
function locationHtml(location: string): string {
  if (!/^https?:\/\//i.test(location)) return code(escaped(location));
  return `<a href="${escaped(location)}" style="color:#0969da">${escaped(location)}</a>`;
}

const code = (html: string): string =>
  `<code style="font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px">${html}</code>`;

/** Text with commands in backticks. */
function prose(text: string): string {
  return escaped(text).replaceAll(/`([^`]+)`/g, (_, command: string) => code(command));
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Everything in a mail is text: folder names, server answers and rows of a CSV come from strangers. */
function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (char) => entities[char] ?? char);
}
