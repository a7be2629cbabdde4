import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'stagecoach-demo-'));
const root = join(import.meta.dirname, '../..');

describe('The practice organisation', () => {
  let demo: { readonly status: number | null; readonly stderr: string; readonly stdout: string };

  beforeAll(() => {
    const args = [join(root, 'scripts/demo.mjs'), '--people', '4', '--folder', join(folder, 'demo')];
    demo = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: folder });
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('moves to Exchange Online, each item once, without an invitation, and its new mail follows', () => {
    expect({ ...demo, status: demo.status }).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/items are in Exchange Online, each once; no invitation went out/),
    });
  });

  it('has a row that fails, with the cause and the fix in the report', () => {
    const report = readFileSync(join(folder, 'demo/data/reports/wave1/MigrationErrors.csv'), 'utf8');

    expect(report).toMatch(/mallory@contoso\.test,Failed,SOURCE_ADDRESS_NOT_FOUND/);
  });

  it('mails what was prepared and what came of it', () => {
    expect(readdirSync(join(folder, 'demo/data/mail')).map((name) => name.replace(/^\d+-/, ''))).toEqual([
      'e-mail-migration-batch-wave1-is-prepared-with-exceptions.eml',
      'e-mail-migration-batch-wave1-has-finished-with-errors.eml',
    ]);
  });

  it('leaves no secret of its own in logs, reports and mails', () => {
    const files = readdirSync(join(folder, 'demo/data'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)));

    expect(files.length).toBeGreaterThan(10);
    for (const file of files)
      expect(/practice-(exchange|directory|application)/.test(file.toString('latin1'))).toBe(false);
  });
});
