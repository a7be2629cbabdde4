import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { mailTarget } from '../../../shared/adapters/mail-servers.ts';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import type { ItemClass } from '../../../shared/domain/items/item-class.ts';
import { readItemEntity } from '../../../shared/domain/items/item-entity.ts';
import type { NeutralItem } from '../../../shared/domain/items/neutral-item.ts';
import type { MailTarget, PageWriter, TargetFolder, WriteOutcome } from '../../../shared/ports/mail-target.ts';
import { ExchangeSimulator } from '../../../simulator/exchange/exchange-simulator.ts';
import { eventContent, noteContent } from '../../../simulator/exchange/practice-content.ts';
import { fillPracticeItems, practiceEvents } from '../../../simulator/exchange/practice-items.ts';
import { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import { MemoryObjectStore } from '../../support/builders/memory-object-store.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { TcpFaultProxy } from '../../support/tcp-fault-proxy.ts';
import { withMembers } from '../../support/with-members.ts';

const password = 'pw';
const classes: readonly ItemClass[] = ['contacts', 'calendar', 'tasks', 'notes'];
let numbers = 0;

/**
 * A real server of mail as the target of every class: it keeps the entities as they come. What is tested is all that lies
 * between the source and a target that looks inside.
 */
function keepingEverything(target: MailTarget, losses: readonly string[]): MailTarget {
  return {
    open: async (credentials, signal) => {
      const mailbox = await target.open(credentials, signal);
      const profile = { ...mailbox.profile, classes };
      return withMembers(mailbox, {
        profile,
        listFolders: async () => (await mailbox.listFolders()).map(classed),
        beginPage: (folder, page) =>
          withLosses(mailbox.beginPage(folder, page), folder.path[0] === 'Notes' ? losses : []),
      });
    },
  };
}

function classed(folder: TargetFolder): TargetFolder {
  const itemClass = byName[folder.path[0] ?? ''];
  return itemClass === undefined ? folder : { ...folder, itemClass };
}

const byName: Readonly<Record<string, ItemClass>> = {
  Calendar: 'calendar',
  Contacts: 'contacts',
  Tasks: 'tasks',
  Notes: 'notes',
  'Other notes': 'notes',
};

function withLosses(writer: PageWriter, losses: readonly string[]): PageWriter {
  return withMembers(writer, {
    finish: async () =>
      (await writer.finish()).map((outcome): WriteOutcome =>
        outcome.outcome === 'written' ? { ...outcome, losses } : outcome,
      ),
  });
}

describeWithDovecot('Items that are no mail, copied by the engine', () => {
  let target: DovecotServer;
  let simulator: ExchangeSimulator;
  let harness: CopyHarness | undefined;
  const users = Object.fromEntries(Array.from({ length: 8 }, (_, at) => [`user${String(at)}@contoso.test`, password]));

  beforeAll(async () => {
    target = await DovecotServer.start({ users, layout: 'fs', listescape: true });
    simulator = await ExchangeSimulator.start({
      mailboxes: Object.keys(users).map((address) => new PracticeMailbox(address)),
      accounts: Object.keys(users).map((name) => ({ name, password, opens: [name] })),
    });
  });

  afterEach(() => {
    harness?.close();
    harness = undefined;
  });

  afterAll(async () => {
    await Promise.all([target.stop(), simulator.stop()]);
  });

  async function open(more: { readonly losses?: readonly string[]; readonly imapPort?: number } = {}) {
    const mailbox = simulator.mailboxes[numbers]!;
    numbers += 1;
    const items = fillPracticeItems(mailbox);
    const services = { clock: systemClock, secrets: () => Promise.resolve(''), objects: new MemoryObjectStore() };
    const copy = await CopyHarness.open({
      source: { kind: 'exchange', ewsUrl: simulator.ewsUrl, auth: 'ntlm', login: { mode: 'user' } },
      target: { imapPort: more.imapPort ?? target.imapPort },
      mailbox: mailbox.address,
      password,
      change: { mailTarget: (endpoint) => keepingEverything(mailTarget(endpoint, services), more.losses ?? []) },
    });
    harness = copy;
    return { mailbox, items, copy };
  }

  /** What is in each folder at the target. */
  async function held(mailbox: PracticeMailbox): Promise<Record<string, NeutralItem[]>> {
    const found: Record<string, NeutralItem[]> = {};
    for (const name of ['Calendar', 'Contacts', 'Tasks', 'Notes']) {
      const listed = await target.doveadm(['fetch', '-u', mailbox.address, 'text', 'mailbox', name]);
      found[name] = listed
        .split(/^text:\n/m)
        .slice(1)
        .map((text) => {
          const entity = readItemEntity(Buffer.from(text.replace(/\f\n?$/, '').replace(/\r?\n/g, '\r\n')));
          if (entity === null) throw new Error('no item');
          return entity.item;
        });
    }
    return found;
  }

  const count = (folders: Record<string, NeutralItem[]>): number[] =>
    Object.values(folders).map(({ length }) => length);

  it('arrive once in folders of their own, and a second pass writes nothing', async () => {
    const { mailbox, copy } = await open();

    const first = await copy.run(mailbox.address);
    const there = await held(mailbox);
    await copy.beginPass('incremental');
    const second = await copy.run(mailbox.address);

    expect(first).toMatchObject({ status: 'Synced', green: true, items: { total: 21, copied: 21, failed: 0 } });
    expect(count(there)).toEqual([8, 7, 3, 3]);
    expect(there['Calendar']?.map((item) => item.kind)).toEqual(Array(8).fill('event'));
    expect(first.leftOutFolders).toEqual([{ name: 'Journal', reason: 'not-mail', items: 0 }]);
    expect(second).toMatchObject({ status: 'Synced', green: true, items: { total: 21, copied: 21 } });
    expect(await held(mailbox)).toEqual(there);
  });

  it('are written again when their content changed, not when they were only saved, and follow when they are moved', async () => {
    const { mailbox, items, copy } = await open();
    const other = mailbox.addFolder('Other notes', { folderClass: 'IPF.StickyNote' });
    expect(await copy.run(mailbox.address)).toMatchObject({ status: 'Synced', green: true });

    const { single, allDay } = practiceEvents(mailbox.address);
    mailbox.changeItem(items.events.single.id, { content: eventContent({ ...single, location: 'Canteen' }) });
    mailbox.changeItem(items.events.allDay.id, { content: eventContent(allDay) });
    mailbox.moveItem(items.notes[0]!.id, other.id);
    mailbox.addContent(noteContent({ text: 'new', colour: 0 }), {
      itemClass: 'IPM.StickyNote',
      created: new Date(1.7e12),
    });
    await copy.beginPass('incremental');
    const job = await copy.run(mailbox.address);

    expect(job).toMatchObject({
      status: 'Synced',
      green: true,
      items: { total: 22, copied: 22, failed: 0, doubtful: 0 },
    });
    const there = await held(mailbox);
    // This target keeps what it has: the earlier copy of a changed item is the adapter's to remove.
    expect(count(there)).toEqual([9, 7, 3, 3]);
    const lunches = there['Calendar']?.filter((item) => item.kind === 'event' && item.subject === 'Lunch');
    expect(lunches?.map((item) => item.kind === 'event' && item.location)).toEqual(['', 'Canteen']);
    expect(await target.doveadm(['fetch', '-u', mailbox.address, 'uid', 'mailbox', 'Other notes'])).toContain('uid:');
  });

  it('are not doubled where the replies of the target are lost', async () => {
    const line = await TcpFaultProxy.start(target.imapPort);
    const { mailbox, copy } = await open({ imapPort: line.port });
    line.cut({ direction: 'to-client', onText: 'APPENDUID', times: 3, style: 'close' });

    const job = await copy.run(mailbox.address);

    await line.stop();
    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 21, doubtful: 0 } });
    expect(count(await held(mailbox))).toEqual([8, 7, 3, 3]);
  });

  it('are all taken whatever dates the mail is limited to', async () => {
    const { mailbox, copy } = await open();
    const { defaults } = await copy.endpoint();
    await copy.changeEndpoint({ defaults: { ...defaults, receivedAfter: '2026-01-01T00:00Z' } });

    const job = await copy.run(mailbox.address);

    expect(job).toMatchObject({ status: 'Synced', items: { total: 21, copied: 21, skipped: 0 } });
  });

  it('count as copied where the target could not take all of them, and are named', async () => {
    const { mailbox, copy } = await open({ losses: ['its colour', 'its  size'] });

    const job = await copy.run(mailbox.address);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 21, skipped: 0, failed: 0 } });
    const lines = await copy.itemsReport(job);
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatchObject({
      folder: 'Notes',
      outcome: 'partial',
      code: 'ITEM_COPIED_WITH_LOSSES',
      text: 'its colour; its size',
    });
  });
});
