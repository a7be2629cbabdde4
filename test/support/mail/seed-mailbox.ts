import { closeSync, futimesSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DovecotServer } from '../dovecot/dovecot-server.ts';
import type { GeneratedFolder, GeneratedMailbox, GeneratedMessage, SystemFlag } from './generated-mailbox.ts';
import { encodeModifiedUtf7 } from './modified-utf7.ts';
import { Random } from './random.ts';

/** Letters of the Maildir info field, in the ASCII order that it demands. */
const FLAG_LETTERS: Readonly<Record<SystemFlag, string>> = {
  '\\Draft': 'D',
  '\\Flagged': 'F',
  '\\Answered': 'R',
  '\\Seen': 'S',
  '\\Deleted': 'T',
};

/**
 * Writes the mailbox as Maildir files with Dovecot's own uidlist and keyword list beside them: 10,000 messages take a
 * second or two, UIDs and UIDVALIDITY are as generated. The user must not have signed in with mail in these folders before.
 */
export function seedMailbox(server: DovecotServer, user: string, mailbox: GeneratedMailbox): void {
  const root = server.mailDir(user);
  for (const folder of mailbox.folders) writeFolder(folderOnDisk(server, root, folder.path), folder);
  server.ownMail(dirname(root));
}

function folderOnDisk(server: DovecotServer, root: string, path: readonly string[]): string {
  if (path.length === 1 && path[0] === 'INBOX') return root;
  const names = path.map((name) => nameOnDisk(server, name));
  return server.options.layout === 'fs' ? join(root, ...names) : join(root, `.${names.join('.')}`);
}

function nameOnDisk({ options }: DovecotServer, name: string): string {
  const encoded = encodeModifiedUtf7(name);
  const separator = options.separator ?? '/';
  const forbidden = options.listescape === true ? [separator] : options.layout === 'fs' ? ['/'] : ['.', '/'];
  if (forbidden.some((sign) => name.includes(sign))) {
    throw new Error(`This Dovecot cannot hold a folder "${name}": see folderCharacters, layout and listescape.`);
  }
  if (options.listescape !== true) return encoded;
  return encoded.replaceAll(/[\\./]|^~/g, (sign) => `\\${sign.charCodeAt(0).toString(16)}`);
}

function writeFolder(folder: string, { uidValidity, messages }: GeneratedFolder): void {
  for (const name of ['cur', 'new', 'tmp']) mkdirSync(join(folder, name), { recursive: true });
  // Maildir++ marks every folder but the inbox; Dovecot wants it to tell folders from rubbish.
  writeFileSync(join(folder, 'maildirfolder'), '');
  const keywords = [...new Set(messages.flatMap((message) => message.keywords))].sort();
  if (keywords.length > 26) throw new Error('A Maildir file name can hold 26 different keywords in a folder.');
  writeFileSync(join(folder, 'dovecot-keywords'), keywords.map((keyword, index) => `${index} ${keyword}\n`).join(''));
  const list = messages.map((message) => `${message.uid} :${writeMessage(folder, message, keywords)}\n`);
  const next = (messages.at(-1)?.uid ?? 0) + 1;
  const guid = new Random(`${folder}${uidValidity}`).hex(32);
  writeFileSync(join(folder, 'dovecot-uidlist'), `3 V${uidValidity} N${next} G${guid}\n${list.join('')}`);
}

/** Returns the file's name without its flags, as the uidlist has it. */
function writeMessage(folder: string, message: GeneratedMessage, keywords: readonly string[]): string {
  const bytes = message.stored();
  const base = `1700000000.M${message.uid}P1.seed,S=${bytes.length},W=${bytes.length + bareLineFeeds(bytes)}`;
  const letters = [
    ...message.flags.map((flag) => FLAG_LETTERS[flag]),
    ...message.keywords.map((keyword) => String.fromCharCode(97 + keywords.indexOf(keyword))),
  ].sort();
  const file = openSync(join(folder, 'cur', `${base}:2,${letters.join('')}`), 'w');
  for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
  const seconds = message.internalDate.getTime() / 1000;
  futimesSync(file, seconds, seconds);
  closeSync(file);
  return base;
}

/** How many bytes the message grows by when it is sent with CRLF (Dovecot's W=). */
function bareLineFeeds(bytes: Buffer): number {
  let bare = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) if (bytes[at - 1] !== 13) bare += 1;
  return bare;
}
