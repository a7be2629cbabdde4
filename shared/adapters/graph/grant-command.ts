import type { GraphRight } from './graph-rights.ts';

/** Graph and Exchange as applications, in every tenant (https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in). */
const graphAppId = '00000003-0000-0000-c000-000000000000';
const exchangeAppId = '00000002-0000-0ff1-ce00-000000000000';

/** The command that grants a right; docs/endpoints/exchange-online.md says what has to be there before. */
export function grantCommand(right: GraphRight, clientId: string): string {
  return right.isScoped
    ? `In Exchange Online PowerShell: New-ManagementRoleAssignment -App ${clientId} -Role "Application ${right.name}" -CustomResourceScope "Stagecoach mailboxes" (counts after 30 minutes to 2 hours)`
    : consentCommand(right.name, clientId, graphAppId);
}

/** IMAP is of the application Office 365 Exchange Online, and each mailbox needs Full Access besides. */
export function grantImap(clientId: string, mailbox: string): string {
  return [
    consentCommand('IMAP.AccessAsApp', clientId, exchangeAppId),
    `In Exchange Online PowerShell: Add-MailboxPermission -Identity ${mailbox} -User (Get-ServicePrincipal -Identity ${clientId}).Identity -AccessRights FullAccess -AutoMapping $false`,
    `Set-CASMailbox -Identity ${mailbox} -ImapEnabled $true`,
  ].join('\n');
}

function consentCommand(right: string, clientId: string, resource: string): string {
  return `az ad app permission add --id ${clientId} --api ${resource} --api-permissions $(az ad sp show --id ${resource} --query "appRoles[?value=='${right}'].id" -o tsv)=Role && az ad app permission admin-consent --id ${clientId}`;
}
