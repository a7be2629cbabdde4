import {
  attributeChanges,
  type AttributeChange,
  type AttributeValues,
  type ConversionPlan,
} from '../conversion-plan.ts';

/** One source mailbox, and what its conversion changes. */
export interface PlannedMailbox {
  readonly mailbox: string;
  /** Before this time the source mailbox is to stay one; ISO 8601. */
  readonly notBefore: string;
  readonly plan: ConversionPlan;
}

/**
 * The conversions as LDIF (RFC 2849), for `ldifde -i` or `ldapmodify`: where there are no cmdlets of Exchange, as with
 * Exchange 2003. Each record is one modification that names all old values, so that the directory refuses it as a whole
 * where one has changed since.
 */
export function conversionLdif(batch: string, mailboxes: readonly PlannedMailbox[]): string {
  const head = [
    `# Makes the source mailboxes of the batch ${batch} mail-enabled users, after they were migrated and checked.`,
    '# On a domain controller: ldifde -i -f ConvertSource.ldif',
    '# Elsewhere: ldapmodify -H ldaps://dc1.contoso.test -x -D NAME -W -f ConvertSource.ldif',
    '# It stops at the first that is not as it was when this was written. RevertSource.ldif takes back what was done.',
  ];
  return text(head, mailboxes, ({ mailbox, notBefore, plan }) => [
    `# ${mailbox}, not before ${notBefore}. To keep replies to mail of the new mailbox, add its legacyExchangeDN, too:`,
    '# add: proxyAddresses',
    '# proxyAddresses: x500:(Get-Mailbox in Exchange Online PowerShell)',
    ...record(plan, plan.before, plan.after),
  ]);
}

/** The same the other way round: the state before, as it was when this was written. */
export function revertingLdif(batch: string, mailboxes: readonly PlannedMailbox[]): string {
  const head = [
    `# Makes the mail-enabled users of ConvertSource.ldif (batch ${batch}) mailboxes again.`,
    '# Take out whom ConvertSource.ldif did not reach. The mailbox itself must still be in its database.',
  ];
  return text(head, mailboxes, ({ mailbox, plan }) => [`# ${mailbox}`, ...record(plan, plan.after, plan.before)]);
}

function text(
  head: readonly string[],
  mailboxes: readonly PlannedMailbox[],
  lines: (planned: PlannedMailbox) => readonly string[],
): string {
  const records = mailboxes.map((planned) => ['', ...lines(planned)]);
  return [...head, ...records.flat(), ''].join('\r\n');
}

function record(
  { dn }: ConversionPlan,
  from: readonly AttributeValues[],
  to: readonly AttributeValues[],
): readonly string[] {
  return [...line('dn', dn), 'changetype: modify', ...attributeChanges(from, to).flatMap(change)];
}

function change({ operation, name, encoding, values }: AttributeChange): readonly string[] {
  const written = values.flatMap((value) => (encoding === 'base64' ? folded(`${name}:: ${value}`) : line(name, value)));
  return [`${operation}: ${name}`, ...written, '-'];
}

/** A value that is not SAFE-STRING (RFC 2849) is written in base64. */
function line(name: string, value: string): readonly string[] {
  const isSafe = /^[\x21-\x39\x3b\x3d-\x7e][\x20-\x7e]*$/.test(value) && !value.endsWith(' ');
  return folded(isSafe ? `${name}: ${value}` : `${name}:: ${Buffer.from(value).toString('base64')}`);
}

/** "Any line [...] may be folded by inserting a line separator and a space" (RFC 2849, note 2). */
function folded(whole: string): readonly string[] {
  const rest = whole.slice(76).match(/.{1,75}/g) ?? [];
  return [whole.slice(0, 76), ...rest.map((part) => ` ${part}`)];
}
