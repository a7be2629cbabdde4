import type { Random } from './random.ts';

/** What most mailboxes have. */
const USUAL: readonly (readonly string[])[] = [['INBOX'], ['Sent'], ['Drafts'], ['Trash'], ['Junk']];

/** Names that servers and tools have tripped over; every one is legal in IMAP. */
const UGLY: readonly (readonly string[])[] = [
  ['Gelöschte Elemente'],
  ['Größe & Co'],
  ['Entwürfe', 'Übergröße', 'ßßß'],
  ['日本語', '受信箱'],
  ['🚂 trains'],
  ['a "quoted" name'],
  ['back\\slash'],
  ['100% sure*'],
  ['R&D'],
  ['&', '&-'],
  ['#news'],
  ['{12}'],
  ['(round) [square]'],
  ['trailing blank '],
  [' leading blank'],
  ['Archive', '2001', 'Q1', 'January', 'Week 1', 'Monday'],
  ['Archive', '2002'],
  ['trash'],
  ['INBOX', 'Below the inbox'],
  ['x'.repeat(120)],
  ['e\u0301 decomposed'],
  ['\u00e9 composed'],
];

/** Names that hold what is a separator elsewhere. */
const WITH_SEPARATORS: Readonly<Record<FolderCharacters, readonly (readonly string[])[]>> = {
  'no-separators': [],
  dots: [['Inc. and Co.'], ['v1.2', 'rc.1']],
  slashes: [['a/b'], ['In/Out', '24/7']],
};

export type FolderNameOptions = {
  readonly count: number;
  readonly ugly: boolean;
  readonly characters: FolderCharacters;
};

/**
 * Which separator-like characters names may hold: `dots` where the server's separator is `/` (a Dovecot with layout
 * `fs` or listescape), `slashes` where it is `.` (a Dovecot with listescape).
 */
export type FolderCharacters = 'no-separators' | 'dots' | 'slashes';

/** `count` folders: the usual ones, the ugly ones where asked for, and plain nested ones for the rest. */
export function folderPaths(
  random: Random,
  { count, ugly, characters }: FolderNameOptions,
): readonly (readonly string[])[] {
  const odd = ugly ? [...UGLY, ...WITH_SEPARATORS[characters]] : [];
  const fixed = [...USUAL, ...odd];
  const plain = Array.from({ length: Math.max(0, count - fixed.length) }, (_, index) => plainPath(random, index));
  return [...fixed, ...plain].slice(0, Math.max(1, count));
}

function plainPath(random: Random, index: number): readonly string[] {
  const name = `Folder ${String(index).padStart(3, '0')}`;
  const depth = random.between(0, 2);
  return [...['Projects', 'Customers'].slice(0, depth), name];
}
