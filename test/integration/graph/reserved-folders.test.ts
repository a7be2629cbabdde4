import { afterEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { mailTarget } from '../../../shared/adapters/mail-servers.ts';
import type { OnlineFolder } from '../../../simulator/exchange-online/store/online-folder.ts';
import { MemoryObjectStore } from '../../support/builders/memory-object-store.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { startPracticeImap, type PracticeImap } from '../../support/exchange-online/practice-imap.ts';
import { GraphWorld, anna, targetOf } from '../graph-mailbox/support/graph-world.ts';

const date = '2024-05-01T10:00:00Z';

/** Mail in folders whose names Exchange Online keeps for itself, and below one. */
function fill(world: GraphWorld): void {
  for (const folder of ['Files', 'Files/2019', 'Stagecoach import', 'Projects']) {
    const octets = Buffer.from(
      `Message-ID: <${folder.replace(/\W/g, '-')}@contoso.test>\r\nSubject: one\r\n\r\ntext\r\n`,
    );
    world.add({ folder, octets, date });
  }
}

const renamed = [
  { source: 'Files', target: 'Files (2)' },
  { source: 'Files/2019', target: 'Files (2)/2019' },
  { source: 'Stagecoach import', target: 'Stagecoach import (2)' },
];

describe('Folders whose names Exchange Online keeps for itself', () => {
  let world: GraphWorld | undefined;
  afterEach(() => world?.close());

  it('get another name by Graph, their children follow, and the report tells', async () => {
    world = await GraphWorld.open();
    fill(world);

    const job = await world.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', error: null, items: { copied: 4, failed: 0 } });
    expect([...job.renamedFolders].sort((a, b) => a.source.localeCompare(b.source))).toEqual(renamed);
    const mailbox = world.simulator.mailbox(anna);
    const folders = world.items.map(({ folder }) => mailbox.folder(folder));
    const pathOf = ({ id, name, parent }: OnlineFolder): string =>
      id === mailbox.root.id || parent === mailbox.root.id ? name : `${pathOf(mailbox.folder(parent))}/${name}`;
    expect(folders.map(pathOf).sort()).toEqual([...renamed.map(({ target }) => target), 'Projects'].sort());
    expect(folders.filter(({ hidden }) => hidden)).toEqual([]);
  });
});

describeWithDovecot('Folders whose names Exchange Online keeps for itself, by IMAP', () => {
  let world: GraphWorld | undefined;
  let imap: PracticeImap | undefined;
  afterEach(async () => {
    await world?.close();
    await imap?.stop();
  });

  it('get another name, and their children follow', async () => {
    const services = { clock: systemClock, secrets: () => Promise.resolve('master'), objects: new MemoryObjectStore() };
    world = await GraphWorld.open({ change: { mailTarget: (endpoint) => mailTarget(endpoint, services) } });
    imap = await startPracticeImap(world.simulator, anna);
    const practice = { login: world.simulator.url, graph: world.simulator.url, imap: imap.place };
    await world.harness.changeEndpoint({ target: { ...targetOf(world.simulator), mail: 'imap', practice } });
    fill(world);

    const job = await world.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', error: null, items: { copied: 4, failed: 0 } });
    const folders = [...(await imap.snapshot()).values()].filter(({ messages }) => messages.length > 0);
    expect(folders.map(({ path }) => path).sort()).toEqual([...renamed.map(({ target }) => target), 'Projects'].sort());
  });
});
