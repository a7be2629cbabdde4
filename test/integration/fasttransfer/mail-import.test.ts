import { afterEach, describe, expect, it } from '@jest/globals';
import type { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import { anna } from '../graph-mailbox/support/graph-world.ts';
import { ImportWorld } from './support/import-world.ts';

function message(id: string, file: string | undefined): Buffer {
  const head = `From: Bob <bob@x.test>\r\nTo: anna@contoso.test\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe_${id}?=\r\nMessage-ID: <${id}@x.test>\r\nDate: Fri, 01 Mar 2019 10:00:00 +0100\r\nMIME-Version: 1.0\r\n`;
  if (file === undefined) return Buffer.from(`${head}\r\nHello ${id}\r\n`);
  const content = Buffer.from(file).toString('base64');
  return Buffer.from(
    `${head}Content-Type: multipart/mixed; boundary=limit-7\r\n\r\n--limit-7\r\nContent-Type: text/plain\r\n\r\nHello\r\n` +
      `--limit-7\r\nContent-Type: application/octet-stream; name="a.bin"\r\nContent-Transfer-Encoding: base64\r\n\r\n${content}\r\n--limit-7--\r\n`,
  );
}

function fill(mailbox: PracticeMailbox): void {
  const inbox = mailbox.wellKnown('inbox')!;
  const files = { one: undefined, two: 'x'.repeat(5_000), three: undefined };
  for (const [at, [id, file]] of Object.entries(files).entries())
    mailbox.addItem(inbox.id, {
      mime: () => message(id, file),
      received: new Date(Date.UTC(2019, 2, 1 + at, 10)),
      read: at === 1,
      flagged: at === 2,
    });
}

/** Each item, with its folder where that is not the Inbox. */
function held({ online, items }: ImportWorld): readonly string[] {
  const inbox = online.mailbox(anna).folders.find(({ wellKnown }) => wellKnown === 'inbox')?.id;
  return items
    .map(({ properties, attachments, folder, single }) =>
      [
        String(properties['subject']),
        String(properties['isRead']),
        single.get('SystemTime 0xe06') ?? '',
        attachments.map(({ content }) => content.length).join(' '),
        folder === inbox ? '' : 'elsewhere',
      ].join('|'),
    )
    .sort();
}

/** Of the first item, say. */
const ofImports = /importItem|createImportSession|admin.exchange|\/move$|^PATCH/;

const all = [
  'Grüße one|false|2019-03-01T10:00:00Z||',
  'Grüße three|false|2019-03-03T10:00:00Z||',
  'Grüße two|true|2019-03-02T10:00:00Z|5000|',
];

describe('Mail that Exchange exports', () => {
  let world: ImportWorld | undefined;

  afterEach(async () => {
    await world?.close();
    world = undefined;
  });

  it.each(['auto', 'fts'] as const)('is imported as it is, with mail: %s', async (mail) => {
    world = await ImportWorld.open(fill, { mail });

    const job = await world.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', green: true, error: null });
    expect(held(world)).toEqual(all);
    expect(world.imports).toBe(3);
    expect(world.online.invitations).toEqual([]);
  });

  it('is written by Graph where the server cannot export', async () => {
    world = await ImportWorld.open(fill, { mail: 'auto', version: '2007SP1' });

    const job = await world.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', green: true, error: null });
    expect(held(world)).toEqual(all);
    expect(world.imports).toBe(0);
  });

  it('is written by Graph where the stream is refused, after one try', async () => {
    world = await ImportWorld.open(fill);
    world.online.play({ method: 'POST', path: '/importItem', status: 400, code: 'ErrorCorruptData', times: 100 });

    const job = await world.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', green: true, error: null });
    expect(held(world)).toEqual(all);
    expect(world.imports).toBe(1);
  });

  it('is written by Graph where the first item comes out wrong, and nothing of that is left', async () => {
    world = await ImportWorld.open(fill);
    const mailbox = world.online.mailbox(anna);
    const add = mailbox.addItem.bind(mailbox);
    let isFirst = true;
    mailbox.addItem = (made) => {
      const item = add(made);
      if (isFirst) item.single.delete('SystemTime 0xe06');
      isFirst = false;
      return item;
    };

    const job = await world.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', green: true, error: null });
    expect(held(world)).toEqual(all);
    expect(world.imports).toBe(1);
  });

  const troubles = {
    'whichever request is lost': (at: number, drop: 'before' | 'after') => world?.online.play({ skip: at, drop }),
    'wherever its worker is killed': (at: number, drop: 'before' | 'after') => world?.killAt(at, drop),
  };

  it.each(Object.entries(troubles))('is there exactly once %s', async (_, comes) => {
    world = await ImportWorld.open(fill);
    await world.harness.run(anna);
    const places = world.importing(ofImports, 9);
    expect(places.length).toBeGreaterThan(7);
    await world.close();

    for (const drop of ['before', 'after'] as const) {
      for (const at of places) {
        world = await ImportWorld.open(fill);
        await comes(at, drop);
        const job = await world.harness.run(anna);

        expect({ drop, at, held: held(world), job: [job.status, job.green] }).toEqual({
          drop,
          at,
          held: all,
          job: ['Synced', true],
        });
        await world.close();
      }
    }
    world = undefined;
  });

  it('leaves nothing behind of a lost answer where the mailbox could not be opened before', async () => {
    world = await ImportWorld.open(fill);
    world.online.play({ path: /admin\/exchange\/.*\/folders\/contacts$/, drop: 'before', times: 20 });
    await world.harness.slice(anna).catch(() => undefined);
    world.online.faults.clear();
    world.online.play({ path: /importItem/, drop: 'after' });

    const job = await world.harness.run(anna);

    expect(job).toMatchObject({ status: 'Synced', green: true });
    expect(held(world)).toEqual(all);
  });

  it('leaves nothing behind of a lost answer where somebody else has the mailbox open when its worker ends', async () => {
    world = await ImportWorld.open(fill);
    const endpoint = await world.harness.endpoint();
    const credentials = { emailAddress: anna, userName: anna, password: 'pw' };
    const other = await world.harness.services.mailTarget(endpoint).open(credentials, new AbortController().signal);
    await other.takeExports?.();
    world.online.play({ path: /importItem/, drop: 'after' });
    await world.harness.run(anna);
    expect(held(world)).toHaveLength(all.length + 1);

    await other.close();

    expect(held(world)).toEqual(all);
  });
});
