import { afterEach, expect, it } from '@jest/globals';
import { mailSource } from '../../../shared/adapters/mail-servers.ts';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { Endpoint } from '../../../shared/domain/endpoint.ts';
import { readExportedItem } from '../../../shared/domain/items/exported-item.ts';
import { ItemClass } from '../../../shared/domain/items/item-class.ts';
import { readItemEntity } from '../../../shared/domain/items/item-entity.ts';
import type { SourceFolder } from '../../../shared/domain/mail.ts';
import type { SourceMailbox } from '../../../shared/ports/mail-source.ts';
import { ExchangeSimulator } from '../../../simulator/exchange/exchange-simulator.ts';
import { fillPracticeItems } from '../../../simulator/exchange/practice-items.ts';
import { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import { exportedStream } from '../../../simulator/exchange-online/fast-transfer/exported-item.ts';
import { PropertyValues } from '../../../simulator/exchange-online/fast-transfer/property-values.ts';
import { readMessage } from '../../../simulator/exchange-online/fast-transfer/read-message.ts';
import { MemoryObjectStore } from '../../support/builders/memory-object-store.ts';
import { anna } from '../graph-mailbox/support/graph-world.ts';

let exchange: ExchangeSimulator | undefined;
afterEach(() => exchange?.stop());

async function openSource(): Promise<SourceMailbox> {
  const mailbox = new PracticeMailbox(anna);
  fillPracticeItems(mailbox);
  mailbox.addItem(mailbox.wellKnown('inbox')?.id ?? '', {
    mime: () => Buffer.from('Message-ID: <a@x.test>\r\nSubject: Hello\r\n\r\nText\r\n'),
    received: new Date(Date.UTC(2024, 5, 1)),
  });
  exchange = await ExchangeSimulator.start({
    mailboxes: [mailbox],
    accounts: [{ name: anna, password: 'pw', opens: [anna] }],
    version: '2010SP1',
  });
  const source = { kind: 'exchange', ewsUrl: exchange.ewsUrl, login: { mode: 'user' } };
  const target = { kind: 'imap', host: '127.0.0.1', port: 1, security: 'none', login: { mode: 'user' } };
  const endpoint = Endpoint.parse({ name: 'e', type: 'imap', source, target });
  const services = {
    clock: systemClock,
    secrets: (): Promise<string> => Promise.resolve(''),
    objects: new MemoryObjectStore(),
  };
  const credentials = { emailAddress: anna, userName: anna, password: 'pw' };
  return mailSource(endpoint, services).open(credentials, new AbortController().signal);
}

async function read(source: SourceMailbox, folder: SourceFolder, headersOnly: boolean): Promise<readonly Buffer[]> {
  const [state] = await source.folderStates([folder]);
  if (state === undefined || state === 'missing') return [];
  const { uidValidity, uidNext } = state;
  const uids = Array.from({ length: uidNext - 1 }, (_, at) => at + 1);
  const octets: Buffer[] = [];
  await source.readItems(
    folder,
    { uidValidity, uids, headersOnly },
    {
      begin: () => void octets.push(Buffer.alloc(0)),
      chunk: (more) => void octets.push(Buffer.concat([octets.pop() ?? Buffer.alloc(0), more])),
      end: () => undefined,
    },
  );
  return octets;
}

/** Without what differs from reading to reading. */
function settled(octets: Buffer): string {
  return octets.toString('latin1').replace(/^X-Practice-Reading: .*\r\n/, '');
}

it('An Exchange that exports hands out items of every class with their streams, and their headers as ever', async () => {
  const source = await openSource();
  source.exportItems?.(ItemClass.options);
  const { folders } = await source.listFolders(ItemClass.options);
  const classes: Record<string, number> = {};

  for (const folder of folders) {
    const [items, headers] = [await read(source, folder, false), await read(source, folder, true)];
    for (const [at, octets] of items.entries()) {
      const { mime, stream } = readExportedItem(octets);
      expect(settled(mime).startsWith(settled(headers[at] ?? Buffer.from('none')))).toBe(true);
      const values = new PropertyValues(readMessage(exportedStream(stream)).properties);
      const entity = readItemEntity(mime);
      // Each has the stream that is its own.
      if (entity !== null && 'subject' in entity.item)
        expect(values.text(0x37)?.slice(0, 4)).toBe(entity.item.subject.slice(0, 4));
      const itemClass = values.text(0x1a) ?? '';
      classes[itemClass] = (classes[itemClass] ?? 0) + 1;
    }
  }

  expect(classes).toEqual({
    'IPM.Note': 1,
    'IPM.Contact': 6,
    'IPM.DistList': 1,
    'IPM.Appointment': 8,
    'IPM.Task': 3,
    'IPM.StickyNote': 3,
  });
  await source.close();
});
