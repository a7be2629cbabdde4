import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inCopyOrder, mapFolders, type FolderToMap, type TargetNaming } from '../../../shared/domain/folder-mapping.ts';

const slash: TargetNaming = { separator: '/', prefix: '', caseInsensitive: false };
const dots: TargetNaming = { separator: '.', prefix: 'INBOX.', caseInsensitive: false };
const names = (folders: ReturnType<typeof mapFolders>): string[] => folders.map((folder) => folder.target.join('/'));

describe('mapFolders', () => {
  it('keeps names that the target can hold', () => {
    const folders = [{ path: ['INBOX'] }, { path: ['Projects', 'A.B'] }, { path: [' blank '] }];

    expect(names(mapFolders(folders, { naming: slash, folders: [] }))).toEqual(['INBOX', 'Projects/A.B', ' blank ']);
  });

  it('sends announced roles to the target folder of that role, with what lies below', () => {
    const folders: FolderToMap[] = [
      { path: ['Gesendet'], role: 'sent' },
      { path: ['Gesendet', '2019'] },
      { path: ['Sent'] },
    ];
    const target: FolderToMap[] = [{ path: ['Sent'], role: 'sent' }];

    expect(names(mapFolders(folders, { naming: slash, folders: target }))).toEqual(['Sent', 'Sent/2019', 'Sent (2)']);
  });

  it('guesses roles by name only where the source announces none', () => {
    const target: FolderToMap[] = [{ path: ['Junk'], role: 'junk' }];

    expect(names(mapFolders([{ path: ['Spam'] }], { naming: slash, folders: target }))).toEqual(['Junk']);
    expect(
      names(mapFolders([{ path: ['Spam'] }, { path: ['S'], role: 'sent' }], { naming: slash, folders: target })),
    ).toEqual(['Spam', 'S']);
  });

  it('replaces the separator of the target, and says why a name differs', () => {
    const [mapped] = mapFolders([{ path: ['A.B'] }], { naming: dots, folders: [] });

    expect(mapped?.target).toEqual(['A_B']);
    expect(mapped?.why).toMatch(/cannot hold/);
  });

  it('keeps the inbox apart from a folder that is called INBOX too, where all lies below INBOX', () => {
    const folders: FolderToMap[] = [
      { path: ['INBOX'], role: 'inbox' },
      { path: ['INBOX', 'INBOX', 'X'] },
      { path: ['X'] },
    ];

    expect(names(mapFolders(folders, { naming: dots, folders: [] }))).toEqual(['INBOX', 'X (2)', 'X']);
  });

  it('gives a folder another name than those that the target keeps for itself, and what lies below follows it', () => {
    const naming: TargetNaming = { separator: null, prefix: '', caseInsensitive: true, reserved: ['Files'] };
    const folders: FolderToMap[] = [{ path: ['files'] }, { path: ['files', '2019'] }, { path: ['2019', 'Files'] }];

    const mapped = mapFolders(folders, { naming, folders: [] });

    expect(names(mapped)).toEqual(['files (2)', 'files (2)/2019', '2019/Files']);
    expect(mapped[0]?.why).not.toBeNull();
  });

  it('leaves a folder where it is, and gives its place to no other', () => {
    const [sentItems, sent] = [{ path: ['Sent Items'] }, { path: ['Sent'] }] as const;
    const target: FolderToMap[] = [{ path: ['Sent'], role: 'sent' }];
    const places = new Map([[sentItems, ['Sent']]]);

    expect(names(mapFolders([sentItems, sent], { naming: slash, folders: target, places }))).toEqual([
      'Sent',
      'Sent (2)',
    ]);
  });

  it('never gives two source folders one target folder', () => {
    const component = fc.constantFrom('A', 'a', 'A.B', 'A_B', 'A/B', 'INBOX', 'x\ty', '');
    const path = fc.array(component, { minLength: 1, maxLength: 3 });
    const folder = fc.uniqueArray(path, { selector: (parts) => parts.join('\0'), maxLength: 8 });
    fc.assert(
      fc.property(folder, fc.constantFrom(slash, dots, { ...slash, caseInsensitive: true }), (paths, naming) => {
        const mapped = mapFolders(
          paths.map((parts) => ({ path: parts })),
          { naming, folders: [] },
        );
        const places = mapped.map(({ target }) =>
          naming.caseInsensitive ? target.join('\0').toLowerCase() : target.join('\0'),
        );

        expect(new Set(places).size).toBe(paths.length);
      }),
    );
  });
});

describe('inCopyOrder', () => {
  it('begins with Inbox, Sent and Drafts, then goes by name', () => {
    const folders: FolderToMap[] = [
      { path: ['b'] },
      { path: ['D'], role: 'drafts' },
      { path: ['a'] },
      { path: ['S'], role: 'sent' },
      { path: ['INBOX'] },
    ];

    expect(inCopyOrder(folders).map((folder) => folder.path[0])).toEqual(['INBOX', 'S', 'D', 'a', 'b']);
  });
});
