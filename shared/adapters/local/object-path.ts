import { join } from 'node:path';

/** Octets of a file name that every file system takes (NAME_MAX is 255), less room for the marks below. */
const pieceLength = 200;

/** Begins the file of an object: never the first character of an escaped piece, so that `a` and `a/b` can both be. */
const fileMark = '=';
/** Ends a folder that holds the rest of a name which is too long for one piece. */
const moreMark = '~';

/**
 * Where an object lies below the folder `objects`: a folder a part of the key, names escaped so that the key can be
 * read back (a listing needs no index that could be out of step with the files) and so that keys which differ only in
 * case are different files everywhere.
 */
export function objectPath(key: string): string {
  const parts = keyParts(key);
  const folders = parts.slice(0, -1).flatMap(namePieces);
  const name = namePieces(parts.at(-1) ?? '');
  return join(...folders, ...name.slice(0, -1), `${fileMark}${name.at(-1) ?? ''}`);
}

/** The folder of all objects whose keys begin with `key`, which ends with a slash. */
export function objectFolder(key: string): string {
  return join(...keyParts(key.slice(0, -1)).flatMap(namePieces));
}

/** The escaped name of one part of a key, in pieces that a file system takes; all but the last are marked. */
function namePieces(part: string): readonly string[] {
  const pieces: string[] = [];
  let piece = '';
  for (const character of part) {
    const escaped = escapeCharacter(character, pieces.length === 0 && piece === '');
    if (piece.length + escaped.length > pieceLength) {
      pieces.push(`${piece}${moreMark}`);
      piece = '';
    }
    piece += escaped;
  }
  return [...pieces, piece];
}

/** What an entry of a folder below `objects` adds to the key; undefined: no object and no folder of ours. */
export function keyOfEntry(entry: { readonly name: string; readonly isFolder: boolean }): string | undefined {
  const { name, isFolder } = entry;
  if (isFolder === name.startsWith(fileMark)) return undefined;
  if (!isFolder) return unescapeName(name.slice(fileMark.length));
  return name.endsWith(moreMark) ? unescapeName(name.slice(0, -moreMark.length)) : `${unescapeName(name)}/`;
}

/**
 * Where a file that people see lies (uploads and reports): under the key itself. Refuses what would be another file
 * than the key says.
 */
export function plainPath(key: string): string {
  return join(...keyParts(key));
}

/** Keys come from names that were checked before; a key that could leave its folder is a defect, and dangerous. */
function keyParts(key: string): readonly string[] {
  const parts = key.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\0'))) {
    throw new RangeError(`An object cannot have the key ${JSON.stringify(key)}.`);
  }
  return parts;
}

/** A dot at the beginning would hide the file, and `..` would leave the folder. */
function escapeCharacter(character: string, isFirst: boolean): string {
  if (/[a-z0-9_-]/.test(character) || (character === '.' && !isFirst)) return character;
  return [...Buffer.from(character)].map((octet) => `%${octet.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

function unescapeName(name: string): string {
  return name.replace(/(?:%[0-9A-F]{2})+/g, (octets) => Buffer.from(octets.replaceAll('%', ''), 'hex').toString());
}
