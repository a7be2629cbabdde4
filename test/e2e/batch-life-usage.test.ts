import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Problem } from '../../shared/contract/problem.ts';
import { batchFile } from '../support/e2e/csv.ts';
import { answerOf } from '../support/e2e/batch-life.ts';
import type { Answer } from '../support/e2e/batch-life.ts';
import { imapEndpoint } from '../support/e2e/imap-endpoint.ts';
import { Workspace } from '../support/e2e/workspace.ts';

const anna = 'anna@contoso.test';

describe('The verbs of a batch on the command line', () => {
  let workspace: Workspace;

  beforeAll(async () => {
    workspace = new Workspace();
    const endpoint = imapEndpoint({ name: 'contoso', source: { port: 1 }, target: { port: 1 } });
    await workspace.call('endpoint', 'put', workspace.writeEndpoint(endpoint), '--no-test');
    const csv = workspace.write('people.csv', batchFile({ [anna]: 'pw', 'bob@contoso.test': 'pw' }));
    const created = await batch('create', 'people', '--endpoint', 'contoso', '--csv', csv, '--no-start');
    expect(created).toMatchObject({ code: 0, document: { status: 'Created' } });
    await workspace.serve();
  });

  afterAll(async () => {
    await workspace.remove();
  });

  const batch = async (...args: readonly string[]): Promise<Answer> =>
    answerOf(await workspace.call('batch', ...args, '--json'));

  /** The commands, given two at a time, and what each ended with. */
  const ends = async (commands: readonly (readonly string[])[]): Promise<readonly Answer[]> => {
    const answers: Answer[] = [];
    for (let at = 0; at < commands.length; at += 2) {
      answers.push(...(await Promise.all(commands.slice(at, at + 2).map(async (args) => batch(...args)))));
    }
    return answers;
  };

  const codes = (commands: readonly (readonly string[])[], answers: readonly Answer[]): readonly string[] =>
    commands.map((args, at) => {
      const { code, document } = answers[at] ?? { code: null, document: null };
      const { error } = Problem.parse(document);
      return `${args.join(' ')}: ${String(code)} ${error.code}${error.exitCode === code ? '' : ', and another in the document'}`;
    });

  it('end with 2 where they are used wrongly', async () => {
    const commands = [
      ['retry'],
      ['retry', 'people', '--option', 'badItemLimit'],
      ['set', 'people'],
      ['waive', 'people', '--mailbox', anna],
      ['waive', 'people', '--why', 'closed'],
      ['start', 'people', '--override', 'source-reachable'],
      ['timeline', 'people'],
      ['report', 'people', 'nonsense'],
      ['users', 'people', '--status', 'Nonsense'],
      ['pause', 'people'],
    ];
    const wrongOptions = [
      ['set', 'people', '--option', 'badItemLimits=3'],
      ['set', 'people', '--option', 'badItemLimit=few'],
      ['set', 'people', '--mailbox', anna, '--option', 'keepReportsFor=3'],
    ];

    expect(codes(commands, await ends(commands))).toEqual(commands.map((args) => `${args.join(' ')}: 2 USAGE`));
    expect(codes(wrongOptions, await ends(wrongOptions))).toEqual(
      wrongOptions.map((args) => `${args.join(' ')}: 2 CSV_OPTION_INVALID`),
    );
  });

  it('end with 3 where there is no such batch or mailbox', async () => {
    const set = ['--option', 'badItemLimit=1'];
    const waive = ['--why', 'closed'];
    const plain = [
      'stop',
      'start',
      'resume',
      'retry',
      'sync',
      'complete',
      'remove',
      'approve',
      'show',
      'users',
      'watch',
    ];
    const noBatch = [
      ...plain.map((verb) => [verb, 'nobody']),
      ['set', 'nobody', ...set],
      ['waive', 'nobody', '--mailbox', anna, ...waive],
      ['timeline', 'nobody', '--mailbox', anna],
      ['report', 'nobody', 'errors'],
    ];
    const noMailbox = [
      ...['stop', 'start', 'remove', 'approve', 'timeline'].map((verb) => [
        verb,
        'people',
        '--mailbox',
        'eve@contoso.test',
      ]),
      ['set', 'people', '--mailbox', 'eve@contoso.test', ...set],
      ['waive', 'people', '--mailbox', anna, 'eve@contoso.test', ...waive],
    ];

    expect(codes(noBatch, await ends(noBatch))).toEqual(noBatch.map((args) => `${args.join(' ')}: 3 BATCH_NOT_FOUND`));
    expect(codes(noMailbox, await ends(noMailbox))).toEqual(
      noMailbox.map((args) => `${args.join(' ')}: 3 MAILBOX_NOT_FOUND`),
    );
  });

  it('are refused with 4 where the batch is not that far', async () => {
    const verbs = [
      ['stop', 'people'],
      ['stop', 'people', '--rollback'],
      ['retry', 'people'],
      ['sync', 'people', '--mailbox', anna],
      ['complete', 'people', '--ignore-errors'],
      ['approve', 'people'],
    ];

    expect(codes(verbs, await ends(verbs))).toEqual(verbs.map((args) => `${args.join(' ')}: 4 REFUSED_IN_THIS_STATE`));
  });

  it('are done with one document on stdout: set, waive, timeline, reports, remove', async () => {
    const list = await batch('list');
    const set = await batch('set', 'people', '--mailbox', anna, '--option', 'badItemLimit=5', '--option', 'maxItems=9');
    const waived = await batch('waive', 'people', '--mailbox', anna, 'bob@contoso.test', '--why', 'closed');
    const timeline = await batch('timeline', 'people', '--mailbox', anna);
    const names = ['statistics', 'errors', 'active', 'sync-errors', 'skipped', 'verification', 'failed-rows', 'audit'];
    const reports = await Promise.all(names.map(async (name) => batch('report', 'people', name)));
    const written = await batch('report', 'people', 'audit', '--out', `${workspace.folder}/audit.csv`);
    const one = await batch('remove', 'people', '--mailbox', 'bob@contoso.test');
    const all = await batch('remove', 'people', '--forget');

    expect(list).toMatchObject({ code: 0, document: [{ name: 'people' }] });
    for (const answer of [set, waived]) expect(answer).toMatchObject({ code: 0, document: { name: 'people' } });
    expect(timeline).toMatchObject({ code: 0, document: { mailbox: anna, entries: [{ status: 'Queued' }] } });
    expect(reports.map(({ code }) => code)).toEqual(names.map(() => 0));
    expect(written).toMatchObject({ code: 0, document: { batch: 'people', report: 'audit' } });
    expect(one).toEqual({ code: 0, document: { batch: 'people', removed: 'mailboxes' } });
    expect(all).toEqual({ code: 0, document: { batch: 'people', removed: 'batch' } });
  });
});
