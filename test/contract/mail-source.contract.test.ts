import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { internalDateSeconds } from '../../shared/domain/internal-date.ts';
import type { FolderState, SourceFolder } from '../../shared/domain/mail.ts';
import type { SourceMailbox } from '../../shared/ports/mail-source.ts';
import { describeWithDovecot } from '../support/dovecot/describe-with-dovecot.ts';
import { password, sourceWorlds, type SourceWorld } from './support/mail-source-worlds.ts';

describeWithDovecot('A source of mail', () => {
  describe.each(sourceWorlds)('at %s', (_, start) => {
    let world: SourceWorld;
    const inbox = ['INBOX'];
    const first = 1_600_000_000;

    beforeAll(async () => {
      world = await start();
      await world.addFolder(['Projects']);
      await world.addFolder(['Projects', 'Empty']);
      for (let at = 0; at < 8; at += 1) await world.add(inbox, { id: `m${String(at)}`, at: first + at, read: at < 4 });
      await world.add(['Projects'], { id: 'p', at: first });
    });

    afterAll(() => world.stop());

    async function within<T>(work: (source: SourceMailbox) => Promise<T>): Promise<T> {
      const source = await world.open();
      try {
        return await work(source);
      } finally {
        await source.close();
      }
    }

    async function folderOf(source: SourceMailbox, path: readonly string[]): Promise<SourceFolder> {
      const { folders } = await source.listFolders();
      return folders.find((folder) => folder.path.join('/') === path.join('/'))!;
    }

    async function stateOf(source: SourceMailbox, folder: SourceFolder): Promise<FolderState> {
      const [state] = await source.folderStates([folder]);
      if (state === undefined || state === 'missing') throw new Error('missing');
      return state;
    }

    async function bodies(
      source: SourceMailbox,
      folder: SourceFolder,
      request: { readonly uidValidity: number; readonly uids: readonly number[]; readonly headersOnly?: boolean },
    ): Promise<readonly (readonly [number, string])[]> {
      const read: [number, string][] = [];
      let expected = 0;
      const { unreadable } = await source.readItems(folder, request, {
        begin: ({ uid, size }) => {
          read.push([uid, '']);
          expected = size;
        },
        chunk: (octets) => {
          read.at(-1)![1] += Buffer.from(octets).toString('latin1');
        },
        end: () => expect(read.at(-1)![1]).toHaveLength(expected),
      });
      expect(unreadable).toEqual([]);
      return read;
    }

    it('shows its folders by path, the inbox by its role', () =>
      within(async (source) => {
        const { folders } = await source.listFolders();

        expect(folders.map(({ path }) => path.join('/'))).toEqual(
          expect.arrayContaining(['INBOX', 'Projects', 'Projects/Empty']),
        );
        expect(folders.find(({ role }) => role === 'inbox')?.path).toEqual(['INBOX']);
        expect(new Set(folders.map(({ id }) => id)).size).toBe(folders.length);
      }));

    it('lists items ascending, the newest last, with date and flags', () =>
      within(async (source) => {
        const folder = await folderOf(source, inbox);
        const { uidValidity, uidNext, messages } = await stateOf(source, folder);

        const items = await source.listItems(folder, { uidValidity, from: 1, to: uidNext - 1 });

        expect(messages).toBe(8);
        expect(items.map(({ internalDate }) => internalDateSeconds(internalDate) - first)).toEqual([
          0, 1, 2, 3, 4, 5, 6, 7,
        ]);
        expect(items.map(({ flags }) => flags.includes('\\Seen'))).toEqual([
          ...Array<boolean>(4).fill(true),
          ...Array<boolean>(4).fill(false),
        ]);
        expect(items.every(({ uid }, at) => uid > (items[at - 1]?.uid ?? 0) && uid < uidNext)).toBe(true);
        const [, second, third] = items;
        const some = await source.listItems(folder, { uidValidity, from: second!.uid, to: third!.uid });
        expect(some.map(({ uid }) => uid)).toEqual([second!.uid, third!.uid]);
      }));

    it('delivers what is there, ascending, of the size that it announces, whole or the header alone', () =>
      within(async (source) => {
        const folder = await folderOf(source, inbox);
        const { uidValidity, uidNext } = await stateOf(source, folder);
        const uids = (await source.listItems(folder, { uidValidity, from: 1, to: uidNext - 1 })).map(({ uid }) => uid);

        const whole = await bodies(source, folder, { uidValidity, uids: [...uids, uidNext + 7] });
        const headers = await bodies(source, folder, { uidValidity, uids: uids.slice(0, 2), headersOnly: true });

        expect(whole.map(([uid]) => uid)).toEqual(uids);
        expect(whole.map(([, text]) => /This is (\w+)\./.exec(text)?.[1])).toEqual(
          uids.map((_uid, at) => `m${String(at)}`),
        );
        expect(headers.map(([uid]) => uid)).toEqual(uids.slice(0, 2));
        for (const [, text] of headers) {
          expect(text).toContain('Message-ID: <m');
          expect(text).not.toContain('This is');
          expect(text.endsWith('\r\n\r\n')).toBe(true);
        }
      }));

    it('answers calls that do not wait for each other', () =>
      within(async (source) => {
        const folder = await folderOf(source, inbox);
        const { uidValidity, uidNext } = await stateOf(source, folder);
        const items = await source.listItems(folder, { uidValidity, from: 1, to: uidNext - 1 });

        const [one, other, list] = await Promise.all([
          bodies(source, folder, { uidValidity, uids: items.slice(0, 3).map(({ uid }) => uid) }),
          bodies(source, folder, { uidValidity, uids: items.slice(3).map(({ uid }) => uid) }),
          source.listItems(folder, { uidValidity, from: 1, to: 2 }),
        ]);

        expect([...one, ...other].map(([uid]) => uid)).toEqual(items.map(({ uid }) => uid));
        expect(list.every(({ uid }) => uid <= 2)).toBe(true);
      }));

    it('keeps state and numbers while nothing happens, and from one opening to the next', async () => {
      const look = () =>
        within(async (source) => {
          const folder = await folderOf(source, inbox);
          const state = await stateOf(source, folder);
          const items = await source.listItems(folder, { uidValidity: state.uidValidity, from: 1, to: state.uidNext });
          return { identity: source.identity, id: folder.id, state, items };
        });

      const [before, after] = [await look(), await look()];

      expect(after).toEqual(before);
      expect(before.identity).not.toContain(password);
    });

    it('tells what was read, deleted and added since a state', () =>
      within(async (source) => {
        const folder = await folderOf(source, inbox);
        const before = await stateOf(source, folder);
        const { uidValidity } = before;
        const listed = await source.listItems(folder, { uidValidity, from: 1, to: before.uidNext - 1 });
        await world.remove(inbox, 'm1');
        await world.read(inbox, 'm6');
        await world.add(inbox, { id: 'older', at: first - 1_000 });

        const after = await stateOf(source, folder);
        const changes = await source.changesSince(folder, before);
        const fresh = await source.listItems(folder, { uidValidity, from: before.uidNext, to: after.uidNext - 1 });

        expect(after).toMatchObject({ uidValidity, messages: 8 });
        expect(after).not.toEqual(before);
        expect(fresh).toHaveLength(1);
        expect(internalDateSeconds(fresh[0]!.internalDate)).toBe(first - 1_000);
        const gone = listed[1]!.uid;
        const left = listed.map(({ uid }) => uid).filter((uid) => uid !== gone);
        const present =
          changes.present ?? listed.map(({ uid }) => uid).filter((uid) => !changes.vanished?.includes(uid));
        expect(present).toEqual(left);
        expect(changes.flags).toContainEqual({ uid: listed[6]!.uid, flags: ['\\Seen'] });
        expect(await bodies(source, folder, { uidValidity, uids: [gone] })).toEqual([]);
      }));

    it('says that a folder is not the one that it was, and that one is missing', async () => {
      await world.addFolder(['Short-lived']);
      const folder = await within(async (source) => {
        const found = await folderOf(source, ['Short-lived']);
        const { uidValidity } = await stateOf(source, found);
        await expect(source.listItems(found, { uidValidity: uidValidity + 1, from: 1, to: 9 })).rejects.toMatchObject({
          name: 'ConflictError',
          code: 'FOLDER_CHANGED',
        });
        return found;
      });
      await world.removeFolder(['Short-lived']);

      await within((source) => expect(source.folderStates([folder])).resolves.toEqual(['missing']));
    });

    it('gives no two folders the same UIDVALIDITY and numbers', () =>
      within(async (source) => {
        const { folders } = await source.listFolders();
        const states = await source.folderStates(folders.filter(({ selectable }) => selectable));

        const validities = states.map((state) => (state === 'missing' ? 0 : state.uidValidity));
        expect(new Set(validities).size).toBe(validities.length);
      }));

    it('ends as a lost connection when the signal aborts', async () => {
      const abort = new AbortController();
      const source = await world.open(abort.signal);
      abort.abort();

      await expect(source.listFolders()).rejects.toMatchObject({
        name: 'TransientError',
        code: 'SOURCE_CONNECTION_LOST',
      });
      await source.close();
    });
  });
});
