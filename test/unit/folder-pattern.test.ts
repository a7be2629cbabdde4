import { describe, expect, it } from '@jest/globals';
import { folderSelection, parseFolderPattern } from '../../shared/domain/folder-pattern.ts';

const folders = [
  { path: ['INBOX'], role: 'inbox' as const },
  { path: ['INBOX', 'Team'] },
  { path: ['Gesendet'], role: 'sent' as const },
  { path: ['Archive'], role: 'archive' as const },
  { path: ['Archive', '2019'] },
  { path: ['Archive', '2019', 'Q1'] },
  { path: ['Notes'] },
  { path: ['#Notes#'] },
  { path: ['a/b'] },
];

function selected(lists: { includeFolders?: readonly string[]; excludeFolders?: readonly string[] }): string[] {
  const isSelected = folderSelection({ includeFolders: [], excludeFolders: [], ...lists }, folders);
  return folders
    .map((folder) => folder.path)
    .filter(isSelected)
    .map((path) => path.join('|'));
}

const all = folders.map((folder) => folder.path.join('|'));

describe('parseFolderPattern', () => {
  it.each([
    ['Name', { wellKnown: null, path: ['Name'], withSubfolders: false }],
    ['Name/*', { wellKnown: null, path: ['Name'], withSubfolders: true }],
    ['A/B', { wellKnown: null, path: ['A', 'B'], withSubfolders: false }],
    ['#inbox#', { wellKnown: 'Inbox', path: [], withSubfolders: false }],
    ['#Inbox#/Team/*', { wellKnown: 'Inbox', path: ['Team'], withSubfolders: true }],
    ['\\#Notes\\#', { wellKnown: null, path: ['#Notes#'], withSubfolders: false }],
    ['a\\/b', { wellKnown: null, path: ['a/b'], withSubfolders: false }],
    ['\\*', { wellKnown: null, path: ['*'], withSubfolders: false }],
    ['', null],
    ['/', null],
    ['A//B', null],
    ['*', null],
    ['A*', null],
    ['A/*/B', null],
    ['#Nowhere#', null],
  ])('reads %s', (text, expected) => {
    expect(parseFolderPattern(text)).toEqual(expected);
  });
});

describe('folderSelection', () => {
  it('selects every folder when nothing is asked', () => {
    expect(selected({})).toEqual(all);
  });

  it('finds a well-known folder by its role, whatever it is called', () => {
    expect(selected({ includeFolders: ['#SentItems#'] })).toEqual(['Gesendet']);
  });

  it('takes one folder by its name and all below it with /*', () => {
    expect(selected({ includeFolders: ['archive'] })).toEqual(['Archive']);
    expect(selected({ includeFolders: ['Archive/*'] })).toEqual(['Archive', 'Archive|2019', 'Archive|2019|Q1']);
    expect(selected({ includeFolders: ['#Archive#/2019/*'] })).toEqual(['Archive|2019', 'Archive|2019|Q1']);
  });

  it('lets exclusion win over inclusion', () => {
    expect(selected({ includeFolders: ['#Inbox#/*'], excludeFolders: ['inbox/team'] })).toEqual(['INBOX']);
  });

  it('tells a folder called #Notes# from the well-known one', () => {
    expect(selected({ includeFolders: ['\\#Notes\\#'] })).toEqual(['#Notes#']);
    expect(selected({ includeFolders: ['#Notes#'] })).toEqual(['Notes']);
  });

  it('selects nothing below #Root# but everything with /*', () => {
    expect(selected({ includeFolders: ['#Root#'] })).toEqual([]);
    expect(selected({ includeFolders: ['#Root#/*'] })).toEqual(all);
  });

  it('copies nothing rather than everything when an included folder is not there', () => {
    expect(selected({ includeFolders: ['Nowhere'] })).toEqual([]);
  });
});
