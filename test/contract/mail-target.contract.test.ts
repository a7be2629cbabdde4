import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { internalDateSeconds } from '../../shared/domain/internal-date.ts';
import type { TargetFolder, TargetMailbox, WriteOutcome } from '../../shared/ports/mail-target.ts';
import { mailTargets, type OpenTargets } from './support/mail-targets.ts';

const message = (id: string): Buffer =>
  Buffer.from(
    `From: Ann <ann@x.test>\r\nTo: Bob <bob@x.test>\r\nSubject: =?UTF-8?B?R3LDvMOfZQ==?= ${id}\r\nDate: Fri, 1 Mar 2019 10:00:00 +0100\r\nMessage-ID: <${id}@x.test>\r\n\r\nHello ${id}\r\n`,
  );
const internalDate = '01-Mar-2019 10:00:03 +0100';

async function write(
  mailbox: TargetMailbox,
  folder: TargetFolder,
  messages: readonly { readonly octets: Buffer; readonly flags?: readonly string[] }[],
): Promise<readonly WriteOutcome[]> {
  const octets = messages.reduce((sum, one) => sum + one.octets.length, 0);
  const page = mailbox.beginPage(folder, { items: messages.length, octets });
  for (const one of messages) {
    await page.begin({ internalDate, flags: one.flags ?? [], size: one.octets.length });
    await page.write(one.octets.subarray(0, 20));
    await page.write(one.octets.subarray(20));
    await page.end();
  }
  return page.finish();
}

async function read(
  mailbox: TargetMailbox,
  folder: TargetFolder,
  uids: readonly number[],
): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  let current = 0;
  await mailbox.readItems(
    folder,
    { uids, headersOnly: true },
    {
      begin: ({ uid }) => {
        current = uid;
        found.set(uid, '');
      },
      chunk: (octets) => void found.set(current, (found.get(current) ?? '') + Buffer.from(octets).toString('latin1')),
      end: () => undefined,
    },
  );
  return found;
}

function uidsOf(outcomes: readonly WriteOutcome[]): readonly number[] {
  return outcomes.map((outcome) => (outcome.outcome === 'written' ? (outcome.uid ?? 0) : 0));
}

for (const { name, start } of mailTargets) {
  describe(`A mailbox as a target: ${name}`, () => {
    let targets: OpenTargets;
    let mailbox: TargetMailbox;
    let numbers = 0;

    beforeAll(async () => {
      targets = await start();
      mailbox = await targets.open();
    });

    afterAll(async () => {
      await mailbox.close();
      await targets.stop();
    });

    async function newFolder(): Promise<TargetFolder> {
      numbers += 1;
      const [made] = await mailbox.createFolders([[`Folder ${String(numbers)}`]]);
      if (made === undefined || made.outcome === 'refused') throw new Error('refused');
      return made.folder;
    }

    it('names its inbox by role or by name', async () => {
      const folders = await mailbox.listFolders();

      expect(folders.some(({ role, path }) => role === 'inbox' || path.join('/').toUpperCase() === 'INBOX')).toBe(true);
    });

    it('makes folders with their parents, and is content where they are there', async () => {
      const path = ['Parent', 'Child', 'Grandchild'];

      const [first] = await mailbox.createFolders([path]);
      const [second] = await mailbox.createFolders([path]);

      expect(first).toMatchObject({ outcome: 'created', folder: { path } });
      expect(second).toMatchObject({ outcome: 'exists', folder: { path } });
      const paths = (await mailbox.listFolders()).map((folder) => folder.path.join('/'));
      expect(paths.filter((there) => there === path.join('/'))).toHaveLength(1);
    });

    it('says of a folder that is not there that it is missing', async () => {
      const folder = await newFolder();
      const gone = { ...folder, id: `${folder.id}-gone`, path: ['gone'] };

      expect(await mailbox.folderStates([gone, folder])).toEqual([
        'missing',
        expect.objectContaining({ messages: 0, uidNext: expect.any(Number) }),
      ]);
    });

    it('gives what is written UIDs above those that were there before, in its order', async () => {
      const folder = await newFolder();
      const [before] = await mailbox.folderStates([folder]);

      const outcomes = await write(mailbox, folder, [{ octets: message('a') }, { octets: message('b') }]);

      const [a = 0, b = 0] = uidsOf(outcomes);
      const { uidNext, uidValidity } = before as { uidNext: number; uidValidity: number };
      expect(a).toBeGreaterThanOrEqual(uidNext);
      expect(b).toBeGreaterThan(a);
      expect(outcomes).toMatchObject([{ uidValidity }, { uidValidity }]);
      const [after] = await mailbox.folderStates([folder]);
      expect(after).toMatchObject({ uidValidity, messages: 2, uidNext: b + 1 });
    });

    it('lists what was written with its date and flags, the same every time, also over another connection', async () => {
      const folder = await newFolder();
      await write(mailbox, folder, [
        { octets: message('c'), flags: ['\\Seen', '\\Flagged'] },
        { octets: message('d'), flags: ['\\Answered'] },
        { octets: message('e'), flags: ['\\Draft', '\\Seen'] },
      ]);
      const another = await targets.open();

      const [first, second, third] = [
        await mailbox.listItems(folder, { from: 1 }),
        await mailbox.listItems(folder, { from: 1, to: 1_000 }),
        await another.listItems(folder, { from: 1 }),
      ];
      await another.close();

      expect(second).toEqual(first);
      expect(third).toEqual(first);
      expect(first.map(({ flags }) => [...flags].sort())).toEqual([
        ['\\Flagged', '\\Seen'],
        ['\\Answered'],
        ['\\Draft', '\\Seen'],
      ]);
      expect(first.map((item) => internalDateSeconds(item.internalDate))).toEqual(
        Array.from({ length: 3 }, () => internalDateSeconds(internalDate)),
      );
    });

    it('lists only what has a UID in the range', async () => {
      const folder = await newFolder();
      const [, b = 0, c = 0] = uidsOf(
        await write(
          mailbox,
          folder,
          ['f', 'g', 'h'].map((id) => ({ octets: message(id) })),
        ),
      );

      expect((await mailbox.listItems(folder, { from: b })).map(({ uid }) => uid)).toEqual([b, c]);
      expect((await mailbox.listItems(folder, { from: b, to: b })).map(({ uid }) => uid)).toEqual([b]);
      expect(await mailbox.listItems(folder, { from: c + 1 })).toEqual([]);
    });

    it('gives the fields by which an item is known again as they were written', async () => {
      const folder = await newFolder();
      const [uid = 0] = uidsOf(await write(mailbox, folder, [{ octets: message('i') }]));

      const header = (await read(mailbox, folder, [uid, uid + 100])).get(uid) ?? '';

      for (const line of message('i')
        .toString()
        .split('\r\n')
        .filter((field) => /^(message-id|date|from|subject):/i.test(field)))
        expect(header).toContain(line);
    });

    it('adds and removes flags', async () => {
      const folder = await newFolder();
      const [a = 0, b = 0] = uidsOf(
        await write(mailbox, folder, [
          { octets: message('j'), flags: ['\\Seen', '\\Flagged'] },
          { octets: message('k') },
        ]),
      );

      await mailbox.changeFlags(folder, [
        { uid: a, add: ['\\Answered'], remove: ['\\Seen', '\\Flagged'] },
        { uid: b, add: ['\\Seen'], remove: [] },
        { uid: b + 50, add: ['\\Seen'], remove: [] },
      ]);

      const listed = await mailbox.listItems(folder, { from: 1 });
      expect(listed.map(({ uid, flags }) => [uid, ...flags])).toEqual([
        [a, '\\Answered'],
        [b, '\\Seen'],
      ]);
    });

    it('moves items: they are there and not here', async () => {
      const [from, to] = [await newFolder(), await newFolder()];
      const [a = 0, b = 0] = uidsOf(await write(mailbox, from, [{ octets: message('l') }, { octets: message('m') }]));

      const moved = await mailbox.moveItems(from, to, [a]);

      expect((await mailbox.listItems(from, { from: 1 })).map(({ uid }) => uid)).toEqual([b]);
      const there = await mailbox.listItems(to, { from: 1 });
      expect(moved).toEqual([{ from: a, to: there[0]?.uid }]);
      expect((await read(mailbox, to, [there[0]?.uid ?? 0])).get(there[0]?.uid ?? 0)).toContain('<l@x.test>');
    });

    it('removes exactly the items that are named', async () => {
      const folder = await newFolder();
      const [a = 0, b = 0, c = 0] = uidsOf(
        await write(
          mailbox,
          folder,
          ['n', 'o', 'p'].map((id) => ({ octets: message(id) })),
        ),
      );

      await mailbox.expunge(folder, [b]);

      expect((await mailbox.listItems(folder, { from: 1 })).map(({ uid }) => uid)).toEqual([a, c]);
    });

    it('renames a folder with what is in it', async () => {
      const folder = await newFolder();
      await write(mailbox, folder, [{ octets: message('q') }]);

      const renamed = await mailbox.renameFolder(folder, ['Renamed']);

      expect(await mailbox.listItems(renamed, { from: 1 })).toHaveLength(1);
      expect((await mailbox.listFolders()).map(({ path }) => path.join('/'))).toContain('Renamed');
    });
  });
}
