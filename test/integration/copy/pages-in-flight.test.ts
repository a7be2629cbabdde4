import { afterEach, describe, expect, it } from '@jest/globals';
import type { PageLimits } from '../../../shared/application/copy/page.ts';
import { pageLimits } from '../../../shared/application/copy/page.ts';
import type { PageIntent } from '../../../shared/domain/pair.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { ScriptedImapServer } from '../../support/scripted-imap-server/scripted-imap-server.ts';

const user = 'alice@contoso.test';
const password = 'pw';
const users = { [user]: password };

describe('Pages in flight', () => {
  let source: ScriptedImapServer;
  let target: ScriptedImapServer;
  let harness: CopyHarness;

  afterEach(async () => {
    harness.close();
    await source.stop();
    await target.stop();
  });

  /** What the PASS item named as under way, each time that it was written. */
  async function windows(pages: PageLimits, fill: () => void): Promise<readonly (readonly PageIntent[])[]> {
    source = await ScriptedImapServer.start({ users });
    target = await ScriptedImapServer.start({ users });
    fill();
    harness = await CopyHarness.open({ source, target, mailbox: user, password, pages });
    const seen: (readonly PageIntent[])[] = [];
    const { store } = harness.services;
    const save = store.savePair.bind(store);
    store.savePair = (pair, head) => {
      seen.push(pair.pass?.intent ?? []);
      return save(pair, head);
    };
    expect(await harness.run(user)).toMatchObject({ status: 'Synced', green: true });
    return seen;
  }

  function add(folder: string, text: string, size: number): void {
    const head = `Subject: ${text}\r\n\r\n`;
    const octets = Buffer.from(`${head}${'x'.repeat(size - head.length - 2)}\r\n`);
    source.account(user).mailbox(folder)?.add({ octets, internalDate: '17-Jul-2020 02:44:25 +0000' });
  }

  const mostOf = (seen: readonly (readonly PageIntent[])[]): number => Math.max(...seen.map(({ length }) => length));

  it.each([
    ['low', 1, 20],
    ['high', 4_000_000_000, 14],
  ])('are many where folders are small and UIDs %s, and named in a part of the PASS item', async (_, uid, least) => {
    const seen = await windows(pageLimits, () => {
      for (let at = 0; at < 60; at += 1) {
        for (const server of [source, target]) server.account(user).create(`Folder ${at}`).uidNext = uid;
        add(`Folder ${at}`, `${at}`, 100);
      }
    });

    expect(mostOf(seen)).toBeGreaterThanOrEqual(least);
    expect(mostOf(seen)).toBeLessThanOrEqual(pageLimits.inFlight);
    for (const intent of seen) expect(JSON.stringify(intent).length).toBeLessThan(1_600);
  });

  it.each([
    ['octets', { octets: 1_000 }],
    ['items', { items: 1 }],
  ])('are no more than eight where each has as many %s as a page may have', async (_, limits) => {
    const seen = await windows({ ...pageLimits, ...limits }, () => {
      for (let at = 0; at < 60; at += 1) add('INBOX', `${at}`, 1_000);
    });

    expect(mostOf(seen)).toBe(8);
  });

  it('do not write again what one command stored of a page of which another was refused', async () => {
    source = await ScriptedImapServer.start({ users });
    target = await ScriptedImapServer.start({ users });
    for (let at = 0; at < 4; at += 1) add('INBOX', `inbox ${at}`, 200);
    source.account(user).create('Other');
    add('Other', 'other', 200);
    harness = await CopyHarness.open({ source, target, mailbox: user, password });
    giveWayAfterFirst(harness);
    let commands = 0;
    target.plan.when(
      (event) => event.kind === 'command' && event.line.includes('APPEND "INBOX"') && (commands += 1) === 2,
      { do: 'answer', status: 'NO', text: 'not now' },
    );

    const job = await harness.run(user);

    // One message, the three others, and these one by one.
    expect(commands).toBe(1 + 1 + 3);
    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 5 } });
    const inboxes = [source, target].map((server) => server.account(user).mailbox('INBOX')?.messages ?? []);
    const [wanted, found] = inboxes.map((messages) => messages.map(({ octets }) => octets.toString()).sort());
    expect(found).toEqual(wanted);
  });
});

/** The first message of the first page is delivered, then all of the second page, then the rest of the first. */
function giveWayAfterFirst({ services }: CopyHarness): void {
  const { mailSource } = services;
  const second = Promise.withResolvers<undefined>();
  let pages = 0;
  Object.assign(services, {
    mailSource: (endpoint: Parameters<typeof mailSource>[0]) => ({
      open: async (...args: Parameters<ReturnType<typeof mailSource>['open']>) => {
        const opened = await mailSource(endpoint).open(...args);
        const readItems = opened.readItems.bind(opened);
        opened.readItems = async (folder, request, sink) => {
          pages += 1;
          if (pages > 2) return readItems(folder, request, sink);
          if (pages === 2) return readItems(folder, request, sink).finally(() => second.resolve(undefined));
          await readItems(folder, { ...request, uids: request.uids.slice(0, 1) }, sink);
          await second.promise;
          return readItems(folder, { ...request, uids: request.uids.slice(1) }, sink);
        };
        return opened;
      },
    }),
  });
}
