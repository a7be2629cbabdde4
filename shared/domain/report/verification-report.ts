import type { MailboxJob } from '../mailbox-job.ts';
import type { Column } from './csv.ts';
import type { Difference, FolderResult, MailboxVerification } from './mailbox-report.ts';

export interface VerifiedMailbox {
  readonly job: MailboxJob;
  readonly verification: MailboxVerification | null;
}

type MailboxOf = Pick<MailboxJob, 'batch' | 'mailbox'>;

export interface VerifiedFolder {
  readonly job: MailboxOf;
  readonly folder: FolderResult;
}

export interface FoundDifference {
  readonly job: MailboxOf;
  readonly difference: Difference;
}

function folderCloses(folder: FolderResult): boolean {
  const { sourceItems, copied, skipped, failed, doubtful, vanished } = folder;
  return sourceItems === copied + skipped + failed + doubtful + vanished;
}

export const folderColumns: readonly Column<VerifiedFolder>[] = [
  { name: 'Batch', doc: 'Name of the batch.', value: ({ job }) => job.batch },
  { name: 'EmailAddress', doc: 'EmailAddress as written in the CSV.', value: ({ job }) => job.mailbox },
  { name: 'Folder', doc: 'Folder at the source, its levels joined by `/`.', value: ({ folder }) => folder.folder },
  {
    name: 'TargetFolder',
    doc: 'Folder at the target; empty where none was made.',
    value: ({ folder }) => folder.target,
  },
  { name: 'SourceItems', doc: 'Messages listed at the source.', value: ({ folder }) => folder.sourceItems },
  { name: 'SourceBytes', doc: 'Their octets, as the source claims.', value: ({ folder }) => folder.sourceBytes },
  { name: 'Copied', doc: 'Messages at the target.', value: ({ folder }) => folder.copied },
  { name: 'Skipped', doc: 'Messages left out for a stated reason.', value: ({ folder }) => folder.skipped },
  { name: 'Failed', doc: 'Messages that could not be copied.', value: ({ folder }) => folder.failed },
  { name: 'Doubtful', doc: 'Messages that the target may or may not have.', value: ({ folder }) => folder.doubtful },
  { name: 'Vanished', doc: 'Messages deleted at the source meanwhile.', value: ({ folder }) => folder.vanished },
  { name: 'BytesCopied', doc: 'Octets of the copied messages as read.', value: ({ folder }) => folder.bytes },
  {
    name: 'Closes',
    doc: '`true` when SourceItems is the sum of the five counts.',
    value: ({ folder }) => folderCloses(folder),
  },
  {
    name: 'Digest',
    doc: "SHA-256 over the digests of the folder's copied messages, in the order of their UIDs.",
    value: ({ folder }) => folder.digest,
  },
];

export const differenceColumns: readonly Column<FoundDifference>[] = [
  { name: 'Batch', doc: 'Name of the batch.', value: ({ job }) => job.batch },
  { name: 'EmailAddress', doc: 'EmailAddress as written in the CSV.', value: ({ job }) => job.mailbox },
  {
    name: 'Folder',
    doc: 'Folder at the source, its levels joined by `/`.',
    value: ({ difference }) => difference.folder,
  },
  {
    name: 'Uid',
    doc: 'UID at the source; empty for `extra`, which has no source.',
    value: ({ difference }) => difference.uid,
  },
  {
    name: 'TargetUid',
    doc: 'UID at the target; empty where it is missing or unknown.',
    value: ({ difference }) => difference.targetUid,
  },
  {
    name: 'Kind',
    doc: '`missing` or `altered` at the target, `extra` there, or other `flags` or `date`.',
    value: ({ difference }) => difference.kind,
  },
  {
    name: 'ChangedSince',
    doc: '`true` where users may be at work in the target: most likely their doing.',
    value: ({ difference }) => difference.changedSince,
  },
  { name: 'Detail', doc: 'What differs.', value: ({ difference }) => difference.detail },
  {
    name: 'MessageIdHash',
    doc: 'First 16 hex digits of SHA-256 over the Message-ID; empty where there is none.',
    value: ({ difference }) => difference.messageIdHash,
  },
];

/** One sentence: what the re-reading proves. */
export function confidenceSentence(confidence: MailboxVerification['confidence']): string {
  const { mode, checked, of, level, badShare } = confidence;
  if (mode === 'none') return 'Nothing was read again at the target; the counts alone were closed.';
  if (checked >= of) return `All ${String(checked)} copied messages were read again at the target and compared.`;
  const share = (part: number) => `${String(Number((100 * part).toFixed(2)))} %`;
  return (
    `${String(checked)} of ${String(of)} copied messages were read again at the target and compared: ` +
    `had ${share(badShare)} of them or more been bad, the sample would have met one with a probability of ${share(level)}.`
  );
}

/** Beginning of every part of VerificationReport.json; mailboxes follow, separated by `,\n`. */
export function verificationHead(about: { readonly batch: string; readonly writtenAt: string }): string {
  return `{"schema":1,"batch":${JSON.stringify(about.batch)},"writtenAt":${JSON.stringify(about.writtenAt)},"mailboxes":[\n`;
}

export const verificationTail = '\n]}\n';

/** One mailbox of VerificationReport.json; `verification` is null where none was kept, which is a finding by itself. */
export function verificationEntry({ job, verification }: VerifiedMailbox): string {
  const mailbox = {
    emailAddress: job.mailbox,
    row: job.row,
    status: job.status,
    green: job.green === true,
    items: job.items,
  };
  return JSON.stringify(
    verification === null ? { ...mailbox, verified: false } : { ...mailbox, verified: true, ...evidence(verification) },
  );
}

function evidence(verification: MailboxVerification): object {
  const { confidence, folders } = verification;
  return {
    closes: verification.closes && folders.every(folderCloses),
    digest: verification.digest,
    rules: verification.rules,
    confidence: { ...confidence, sentence: confidenceSentence(confidence) },
    verifiedAt: verification.verifiedAt,
    source: verification.source,
    target: verification.target,
    folders: folders.map((folder) => ({ ...folder, closes: folderCloses(folder) })),
    differences: verification.differences,
    differencesTotal: verification.differencesTotal,
    renamedFolders: verification.renamed,
    leftOutFolders: verification.leftOut,
  };
}
