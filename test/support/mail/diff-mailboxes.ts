import type { FolderSnapshot, MailboxSnapshot, MessageSnapshot } from './snapshot-mailbox.ts';

export type DiffOptions = {
  /** Path at the source to path at the target; the same by default. */
  readonly mapFolder?: (path: string) => string;
  readonly ignore?: readonly ('flags' | 'keywords' | 'dates' | 'empty-folders')[];
};

/**
 * What differs between two mailboxes, one sentence a difference; empty when they hold the same. Within a folder the
 * messages are compared as a multiset: order and UIDs do not matter, the number of true duplicates does.
 */
export function diffMailboxes(source: MailboxSnapshot, target: MailboxSnapshot, options: DiffOptions = {}): string[] {
  const mapFolder = options.mapFolder ?? ((path: string): string => path);
  const wanted = new Map([...source].map(([path, folder]) => [mapFolder(path), folder]));
  const paths = [...new Set([...wanted.keys(), ...target.keys()])].sort();
  return paths.flatMap((path) => diffFolder(path, { source: wanted.get(path), target: target.get(path), options }));
}

type FolderPair = {
  readonly source: FolderSnapshot | undefined;
  readonly target: FolderSnapshot | undefined;
  readonly options: DiffOptions;
};

function diffFolder(path: string, { source, target, options }: FolderPair): string[] {
  const ignoresEmpty = options.ignore?.includes('empty-folders') === true;
  if (target === undefined) {
    if (ignoresEmpty && source?.messages.length === 0) return [];
    return [`${path}: the folder is missing at the target (${source?.messages.length ?? 0} messages)`];
  }
  if (source === undefined && target.messages.length === 0) {
    // Servers make folders such as Drafts and Sent by themselves.
    return ignoresEmpty || target.specialUse !== undefined ? [] : [`${path}: the folder is only at the target`];
  }
  return diffMessages(path, { source: source?.messages ?? [], target: target.messages, options });
}

function diffMessages(
  path: string,
  {
    source,
    target,
    options,
  }: { source: readonly MessageSnapshot[]; target: readonly MessageSnapshot[]; options: DiffOptions },
): string[] {
  const key = (message: MessageSnapshot): string => comparedFields(message, options).join(' ');
  const found = groupBy(target, key);
  const unmatched = source.filter((message) => found.get(key(message))?.pop() === undefined);
  const extra = groupBy([...found.values()].flat(), (message) => message.sha256);
  const differences = unmatched.map((message) => {
    const altered = extra.get(message.sha256)?.pop();
    if (altered === undefined) return `${path}: missing at the target: ${describe(message)}`;
    return `${path}: differs: source ${describe(message)}; target ${describe(altered)}`;
  });
  const left = [...extra.values()].flat().map((message) => `${path}: only at the target: ${describe(message)}`);
  return [...differences, ...left];
}

function comparedFields(message: MessageSnapshot, { ignore = [] }: DiffOptions): string[] {
  return [
    message.sha256,
    String(message.size),
    ...(ignore.includes('flags') ? [] : [`flags:${message.flags.join()}`]),
    ...(ignore.includes('keywords') ? [] : [`keywords:${message.keywords.join()}`]),
    ...(ignore.includes('dates') ? [] : [`date:${message.internalDate}`]),
  ];
}

function describe(message: MessageSnapshot): string {
  const flags = [...message.flags, ...message.keywords].join(' ');
  const date = new Date(message.internalDate * 1000).toISOString();
  return `UID ${message.uid}, ${message.size} bytes, sha256 ${message.sha256.slice(0, 12)}, ${date}, (${flags})`;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  return Map.groupBy(items, keyOf);
}
