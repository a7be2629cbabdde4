import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { renderHtml } from '../../../shared/domain/report/mail/render-html.ts';
import { renderText } from '../../../shared/domain/report/mail/render-text.ts';
import { sampleMails } from '../../support/reports/sample-mails.ts';

const names = Object.keys(await sampleMails());

describe('each mail template', () => {
  it.each(names)('renders %s in text and HTML without a gap', async (name) => {
    const content = (await sampleMails())[name]!;
    for (const rendered of [renderText(content), renderHtml(content)]) {
      expect(rendered).not.toMatch(/undefined|null|NaN|\[object/);
      expect(rendered.length).toBeGreaterThan(500);
    }
    expect(content.subject).not.toMatch(/[\r\n]/);
  });
});

it('documentation that is generated from code is current', () => {
  const run = spawnSync(process.execPath, ['scripts/generate-docs.mjs', '--check'], { encoding: 'utf8' });
  expect(run.stderr).toBe('');
  expect(run.status).toBe(0);
});
