import type { MailboxJob } from '../mailbox-job.ts';
import { targetAddressOf } from '../routing-address.ts';
import type { Column } from './csv.ts';

/** A mailbox that is ready to become a mail-enabled user. */
export type Convertible = Pick<MailboxJob, 'mailbox' | 'preparation'> & {
  /** Before this time it is to stay a mailbox; ISO 8601. */
  readonly notBefore: string;
};

/** What ConvertSource.ps1 reads. */
export const conversionColumns: readonly Column<Convertible>[] = [
  { name: 'EmailAddress', doc: 'Primary address of the source mailbox.', value: ({ mailbox }) => mailbox },
  {
    name: 'RoutingAddress',
    doc: 'Where its mail is forwarded: address of the mailbox at the target.',
    value: ({ preparation }) => preparation?.routingAddress ?? null,
  },
  {
    name: 'TargetAddress',
    doc: 'targetAddress that the source object must have.',
    value: ({ preparation }) => {
      const routing = preparation?.routingAddress ?? null;
      return routing === null ? null : targetAddressOf(routing);
    },
  },
  {
    name: 'ObjectGuid',
    doc: 'objectGUID of the source object.',
    value: ({ preparation }) => preparation?.sourceId ?? null,
  },
  {
    name: 'NotBefore',
    doc: 'Until then the source mailbox is kept as it is; -Early does without.',
    value: ({ notBefore }) => notBefore,
  },
  {
    name: 'CloudLegacyExchangeDN',
    doc: 'To be filled in by the administrator (Get-Mailbox in Exchange Online PowerShell): kept as an x500 address, so that old replies arrive.',
    value: () => '',
  },
];

/**
 * Makes source mailboxes mail-enabled users with Exchange's own cmdlets, on an Exchange 2007 or newer. It changes nothing
 * without -Apply, saves every object before it touches it, and stops at the first that is not as it should be. Written
 * for Windows PowerShell 2, which is what Exchange 2007 and 2010 have.
 */
export function conversionScript(batch: string): string {
  return `# Makes the source mailboxes of the batch ${batch} mail-enabled users, after they were migrated and checked.
# Run it in the Exchange Management Shell of the source, next to ConvertSource.csv:
#   .\\ConvertSource.ps1            shows what would be done
#   .\\ConvertSource.ps1 -Apply     does it, for mailboxes whose time (NotBefore) has come; with -Early for all
# Every object is saved to .\\ConvertSource-backup before it is changed. Disable-Mailbox disconnects the mailbox; it stays
# in its database for the retention time, and Connect-Mailbox brings it back.
param([switch]$Apply, [switch]$Early, [string]$Csv = ".\\ConvertSource.csv", [string]$Backup = ".\\ConvertSource-backup")
$ErrorActionPreference = "Stop"
if (-not (Test-Path $Backup)) { New-Item -ItemType Directory -Path $Backup | Out-Null }

foreach ($row in (Import-Csv $Csv)) {
  $guid = $row.ObjectGuid
  $mailboxes = @(Get-Mailbox -Identity $guid)
  if ($mailboxes.Count -ne 1) { throw "$($row.EmailAddress): not exactly one mailbox has the GUID $guid." }
  $mailbox = $mailboxes[0]
  if ([string]$mailbox.PrimarySmtpAddress -ne $row.EmailAddress) { throw "$($row.EmailAddress): its primary address is $($mailbox.PrimarySmtpAddress)." }
  $entry = [ADSI]("LDAP://<GUID=" + $guid + ">")
  $forwarding = [string]$entry.Properties["targetAddress"].Value
  if ($forwarding -ne $row.TargetAddress) { throw "$($row.EmailAddress): targetAddress is '$forwarding', not '$($row.TargetAddress)'." }

  $addresses = @($mailbox.EmailAddresses | ForEach-Object { $_.ToString() })
  $x500 = @("x500:" + $mailbox.LegacyExchangeDN)
  if ($row.CloudLegacyExchangeDN) { $x500 += "x500:" + $row.CloudLegacyExchangeDN }
  foreach ($one in $x500) { if ($addresses -notcontains $one) { $addresses += $one } }
  $hidden = $mailbox.HiddenFromAddressListsEnabled
  $mail = [string]$mailbox.WindowsEmailAddress

  Write-Host "$($row.EmailAddress): mailbox -> mail-enabled user, mail to $($row.RoutingAddress)"
  $addresses | ForEach-Object { Write-Host "    keeps $_" }
  if (-not $Apply) { continue }
  if (-not $Early -and (Get-Date) -lt [DateTime]::Parse($row.NotBefore)) {
    Write-Host "    is kept until $($row.NotBefore)"
    continue
  }

  $mailbox | Export-Clixml (Join-Path $Backup ($guid + ".xml"))
  Disable-Mailbox -Identity $guid -Confirm:$false
  Enable-MailUser -Identity $guid -ExternalEmailAddress $row.RoutingAddress | Out-Null
  Set-MailUser -Identity $guid -EmailAddressPolicyEnabled $false
  Set-MailUser -Identity $guid -EmailAddresses $addresses -WindowsEmailAddress $mail -HiddenFromAddressListsEnabled $hidden
  $user = Get-MailUser -Identity $guid
  foreach ($one in $addresses) { if (@($user.EmailAddresses | ForEach-Object { $_.ToString() }) -notcontains $one) { throw "$($row.EmailAddress): $one is missing after the conversion. See $Backup." } }
}
if (-not $Apply) { Write-Host "Nothing was changed. Run it again with -Apply." }
`.replaceAll('\n', '\r\n');
}
