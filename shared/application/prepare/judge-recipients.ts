import type { ErrorCode } from '../../domain/error-catalogue.ts';
import type { FoundSourceRecipient, SourceRecipient } from '../../ports/source-directory.ts';
import type { FoundTargetRecipient, TargetRecipient } from '../../ports/target-directory.ts';

/** What a check of a recipient found: it is as it should be, or a row's error. */
export type Judged<Recipient> =
  | { readonly outcome: 'good'; readonly recipient: Recipient; readonly warnings: readonly string[] }
  | { readonly outcome: 'bad'; readonly code: ErrorCode; readonly message: string };

/** Versions that Microsoft's guides refuse for a staged migration; we go on, and say so. */
const newerVersions: readonly SourceRecipient['exchangeVersion'][] = ['2010', '2013', '2016 or later'];

/** Whether the source's recipient may be migrated under this address. */
export function judgeSource(
  found: FoundSourceRecipient,
  { address, forwards }: { readonly address: string; readonly forwards: boolean },
): Judged<SourceRecipient> {
  if (found.outcome === 'none')
    return bad('SOURCE_ADDRESS_NOT_FOUND', `The directory of the source has no recipient ${address}.`);
  if (found.outcome === 'several')
    return bad('RECIPIENT_AMBIGUOUS', `In the source's directory ${address} belongs to ${found.dns.join(' and ')}.`);
  const { recipient } = found;
  if (!recipient.isMigratable)
    return bad('RECIPIENT_NOT_MIGRATABLE', recipient.reason ?? `${address} is a ${recipient.kind}, not a mailbox.`);
  if (!isSame(recipient.primaryAddress, address))
    return bad(
      'SOURCE_ADDRESS_NOT_PRIMARY',
      `${address} is not the primary address of its mailbox: that is ${recipient.primaryAddress ?? 'missing'}.`,
    );
  if (forwards && recipient.mayForward === 'no')
    return bad('DIRECTORY_WRITE_DENIED', `The account may not write targetAddress of ${recipient.dn}.`);
  const isNew = newerVersions.includes(recipient.exchangeVersion);
  const warnings = isNew
    ? [`The mailbox is on Exchange ${recipient.exchangeVersion ?? ''}, for which Microsoft names cutover or hybrid.`]
    : [];
  return { outcome: 'good', recipient, warnings };
}

/** Whether the user at the target is the source's recipient, and as it should be. */
export function judgeTarget(
  found: FoundTargetRecipient,
  { address, source }: { readonly address: string; readonly source: SourceRecipient },
): Judged<TargetRecipient> {
  if (found.outcome === 'none') return bad('TARGET_ADDRESS_MISMATCH', `The target has no user ${address}.`);
  if (found.outcome === 'not-a-user')
    return bad('TARGET_OBJECT_OF_OTHER_TYPE', `At the target ${address} is ${found.what}.`);
  if (found.outcome === 'several')
    return bad('RECIPIENT_AMBIGUOUS', `At the target ${address} belongs to ${found.names.join(' and ')}.`);
  const { recipient } = found;
  if (recipient.clashes.length > 0)
    return bad(
      'RECIPIENT_AMBIGUOUS',
      `At the target ${address} belongs to ${recipient.clashes.join(' and ')} as well.`,
    );
  if (recipient.syncErrors.length > 0)
    return bad('DIRECTORY_SYNC_CONFLICT', `Directory synchronisation reports: ${recipient.syncErrors.join('; ')}`);
  if (!recipient.isSynced || recipient.immutableId === null)
    return bad('IMMUTABLE_ID_MISMATCH', `${recipient.userPrincipalName} is not kept by directory synchronisation.`);
  if (!source.immutableIds.includes(recipient.immutableId))
    return bad('IMMUTABLE_ID_MISMATCH', `${recipient.userPrincipalName} belongs to another object than ${source.dn}.`);
  const primary = primaryOf(recipient.proxyAddresses);
  if (!isSame(primary, address))
    return bad(
      'TARGET_ADDRESS_MISMATCH',
      `The primary address of ${recipient.userPrincipalName} at the target is ${primary ?? 'missing'}, not ${address}.`,
    );
  const warnings = recipient.accountEnabled ? [] : [`${recipient.userPrincipalName} may not sign in at the target.`];
  return { outcome: 'good', recipient, warnings };
}

export function isSame(one: string | null | undefined, other: string): boolean {
  return one?.toLowerCase() === other.toLowerCase();
}

/** The one `SMTP:` value, without its prefix. */
export function primaryOf(proxyAddresses: readonly string[]): string | undefined {
  return proxyAddresses.find((address) => address.startsWith('SMTP:'))?.slice('SMTP:'.length);
}

function bad(code: ErrorCode, message: string): { outcome: 'bad'; code: ErrorCode; message: string } {
  return { outcome: 'bad', code, message };
}
