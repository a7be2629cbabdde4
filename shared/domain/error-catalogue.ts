/** Who must act on an error. */
export type Actor = 'admin' | 'source-admin' | 'target-admin' | 'user' | 'operator' | 'nobody';

export interface CatalogueEntry {
  /** One line: what is wrong. */
  readonly text: string;
  readonly cause: string;
  readonly fix: string;
  readonly actor: Actor;
  /** Microsoft's own words for the same thing, so that a web search finds the entry. */
  readonly aliases?: readonly string[];
  /** Why the program itself does not say it: such an entry is there to be found by whoever meets the trouble. */
  readonly toBeFound?: string;
}

/** Entries for what shows only outside of the program, or for endpoints that it does not know yet. */
const stagedOnly = 'It concerns staged and cutover migrations from Exchange; IMAP batches do not meet it.';
const outside = 'It shows at the users, after the migration: the program cannot see it.';

/**
 * Every code that a report, mail, screen or log may show. No code without a cause and a fix (tested); docs/errors.md is
 * generated from here.
 */
export const errorCatalogue = {
  SOURCE_SIGN_IN_FAILED: {
    text: 'The source server refused the sign-in.',
    cause:
      'The user name or password of the row (or of the admin account) is wrong, the account is locked, or IMAP is switched off for it. A password that the user changed after the batch was created does the same.',
    fix: 'Sign in by hand with the same user name and password, correct the row, and upload the CSV again under the same batch name. For an account with two-step verification use an app password or OAuth.',
    actor: 'admin',
    aliases: [
      "We had trouble signing in to this account. Confirm that you're using the correct user name and password.",
      "Microsoft Exchange couldn't sign in to the user's on-premises account.",
      "Couldn't connect to the source mailbox",
      'Special credentials are required',
      'Application-specific password required',
    ],
  },
  TARGET_SIGN_IN_FAILED: {
    text: 'The target server refused the sign-in.',
    cause: 'The target mailbox does not exist, its password is wrong, or the admin account may not open it.',
    fix: 'Create the mailbox, or correct TargetUserName and TargetPassword (or the admin account of the endpoint), and start the batch again.',
    actor: 'target-admin',
    aliases: [
      "A recipient wasn't found for user@contoso.com on the target. Create a recipient of the appropriate type for this migration on the target and try again.",
      'MigrationRecipientNotFoundException',
    ],
  },
  SOURCE_UNREACHABLE: {
    text: 'The source server cannot be reached.',
    cause: 'Its name does not resolve, a firewall drops the connection, the port is wrong, or the service is down.',
    fix: 'Run `stagecoach endpoint test NAME` from the machine that migrates; correct host and port, or open the firewall for its address. The batch goes on by itself as soon as the server answers.',
    actor: 'source-admin',
    aliases: [
      'The connection to the server Servername.contoso.com timed out after 00:00:15.',
      'The connection to the server imap.contoso.com could not be completed.',
      "We weren't able to connect to the remote server. Please verify that the migration endpoint settings are correct and your certificate is valid",
      'Error 0x6ba',
      'cli_NspiBind',
    ],
  },
  TARGET_UNREACHABLE: {
    text: 'The target server cannot be reached.',
    cause: 'Its name does not resolve, a firewall drops the connection, the port is wrong, or the service is down.',
    fix: 'Run `stagecoach endpoint test NAME` from the machine that migrates; correct host and port, or open the firewall for its address. The batch goes on by itself as soon as the server answers.',
    actor: 'target-admin',
  },
  SOURCE_CERTIFICATE_INVALID: {
    text: "The source server's certificate is not accepted.",
    cause:
      'It has expired, is made for another host name, is signed by an authority that this machine does not know, or the server offers only a TLS version that is too old.',
    fix: 'Give the private authority in `source.tls.caFile`, the expected name in `source.tls.serverName`, or the old version in `source.tls.minVersion`; better, have the server renew its certificate.',
    actor: 'source-admin',
    aliases: ['TLS negotiation failed', 'Valid SSL certificate for Outlook Anywhere endpoint'],
  },
  TARGET_CERTIFICATE_INVALID: {
    text: "The target server's certificate is not accepted.",
    cause:
      'It has expired, is made for another host name, is signed by an authority that this machine does not know, or the server offers only a TLS version that is too old.',
    fix: 'Give the private authority in `target.tls.caFile`, the expected name in `target.tls.serverName`, or the old version in `target.tls.minVersion`; better, have the server renew its certificate.',
    actor: 'target-admin',
  },
  SOURCE_SECURITY_MISMATCH: {
    text: 'The source server does not secure the connection in the way the endpoint says.',
    cause:
      'The port does not speak TLS (or only TLS), STARTTLS is not offered, or there is no TLS version in common with a very old or very strict server.',
    fix: 'Correct `source.port` and `source.security` (993 belongs to tls, 143 to starttls); for a server that knows only old TLS set `source.tls.minVersion`.',
    actor: 'source-admin',
  },
  SOURCE_LOGIN_UNSUPPORTED: {
    text: 'The source server does not offer the way of signing in that the endpoint asks for.',
    cause: 'Passwords or OAuth are switched off at the server, or not allowed on a connection without TLS.',
    fix: 'IMAP: choose another `source.login` (docs/endpoints/imap.md), use tls or starttls, or switch the mechanism on at the server. Exchange: set `source.auth` to one of the ways that the message names (docs/endpoints/exchange.md).',
    actor: 'source-admin',
  },
  SOURCE_NO_RIGHTS: {
    text: 'The account may not do this in the source mailbox.',
    cause: 'The mailbox, or one folder of it, does not give the signed-in account the right to read.',
    fix: 'Give the account the right (docs/endpoints/imap.md, docs/endpoints/exchange.md), then start the batch again.',
    actor: 'source-admin',
  },
  SOURCE_UNAVAILABLE: {
    text: 'The source server cannot answer at present.',
    cause:
      'It reports trouble of its own: a restart, a locked or damaged mailbox, or a service behind it that is down.',
    fix: 'Nothing at first: the mailbox is tried again. If it stays, look into the log of the server with the words of the message.',
    actor: 'source-admin',
  },
  TARGET_SECURITY_MISMATCH: {
    text: 'The target server does not secure the connection in the way the endpoint says.',
    cause:
      'The port does not speak TLS (or only TLS), STARTTLS is not offered, or there is no TLS version in common with a very old or very strict server.',
    fix: 'Correct `target.port` and `target.security` (993 belongs to tls, 143 to starttls); for a server that knows only old TLS set `target.tls.minVersion`.',
    actor: 'target-admin',
  },
  TARGET_LOGIN_UNSUPPORTED: {
    text: 'The target server does not offer the way of signing in that the endpoint asks for.',
    cause: 'Passwords or OAuth are switched off at the server, or not allowed on a connection without TLS.',
    fix: 'Choose another `target.login` (docs/endpoints/imap.md), use tls or starttls, or switch the mechanism on at the server.',
    actor: 'target-admin',
  },
  TARGET_NO_RIGHTS: {
    text: 'The account may not do this in the target mailbox.',
    cause: 'The mailbox, or one folder of it, does not give the signed-in account the right to write.',
    fix: 'Give the account the right (docs/endpoints/imap.md), then start the batch again.',
    actor: 'target-admin',
  },
  TARGET_UNAVAILABLE: {
    text: 'The target server cannot answer at present.',
    cause:
      'It reports trouble of its own: a restart, a locked or damaged mailbox, or a service behind it that is down.',
    fix: 'Nothing at first: the mailbox is tried again. If it stays, look into the log of the server with the words of the message.',
    actor: 'target-admin',
  },
  SOURCE_CONNECTION_LOST: {
    text: 'The connection to the source server broke off.',
    cause:
      'The server, a load balancer or a firewall closed it: often a limit on connections per user or per address, or a time-out in the middle of a big message.',
    fix: 'Nothing: the mailbox goes on where it stood. If it happens all the time, raise the connection limits of the source (docs/endpoints/imap.md) or lower maxConcurrentMigrations.',
    actor: 'nobody',
    aliases: ['Transient error CommunicationErrorTransientException has occurred. The system will retry'],
  },
  TARGET_CONNECTION_LOST: {
    text: 'The connection to the target server broke off.',
    cause: 'The server, a load balancer or a firewall closed it: often a limit on connections per user or per address.',
    fix: 'Nothing: what was on its way is looked for at the target first, then the mailbox goes on. If it happens all the time, raise the connection limits of the target (docs/endpoints/imap.md) or lower maxConcurrentMigrations.',
    actor: 'nobody',
    aliases: ['Transient error CommunicationErrorTransientException has occurred. The system will retry'],
  },
  SOURCE_THROTTLED: {
    text: 'The source server asked us to wait.',
    cause: 'It limits commands, bytes or connections per user, and the migration reached the limit.',
    fix: 'Nothing: the mailbox waits for as long as the server said. To go faster, raise the limit at the server; to disturb less, lower maxConcurrentMigrations.',
    actor: 'nobody',
    aliases: [
      'MRSProxyConnectionLimitReachedTransientException',
      'StalledDueToSource_',
      'Current connections: 100, Connections limit: 100.',
    ],
  },
  TARGET_THROTTLED: {
    text: 'The target server asked us to wait.',
    cause: 'It limits commands, bytes or connections per user, and the migration reached the limit.',
    fix: 'Nothing: the mailbox waits for as long as the server said. To go faster, raise the limit at the server; to disturb less, lower maxConcurrentMigrations.',
    actor: 'nobody',
    aliases: [
      'StalledDueToTarget_MdbAvailability',
      'StalledDueToTarget_DiskLatency',
      'StalledDueToTarget_Processor',
      'StalledDueToTarget_MdbReplication',
    ],
  },
  TARGET_MAILBOX_FULL: {
    text: 'The target mailbox is full.',
    cause:
      'Its quota is smaller than the source mailbox. Sources that show a message under several labels as several messages need more room at the target than they use themselves.',
    fix: 'Raise the quota of the target mailbox (or exclude folders such as an all-mail view), then start the batch again: the mailbox goes on where it stopped.',
    actor: 'target-admin',
    aliases: ['This mailbox is full. Please free up some space so that email can be downloaded.'],
  },
  TARGET_MAILBOX_NOT_FOUND: {
    text: 'The target has no such mailbox.',
    cause:
      'The user does not exist there, has no licence with an Exchange plan, or Exchange Online has not made the mailbox yet (usually half an hour, up to a day, after the licence).',
    fix: 'Look the user up in the Exchange admin center: give a licence with an Exchange Online plan, wait until the mailbox can be opened, and start the batch again.',
    actor: 'target-admin',
    aliases: [
      'MailboxNotEnabledForRESTAPI',
      'The mailbox is either inactive, soft-deleted, or is hosted on-premise.',
      'User is authenticated but not connected',
    ],
  },
  ITEM_REFUSED: {
    text: 'The target server refused this message.',
    cause: 'The server accepts the mailbox but not this message: malformed headers, a virus filter, or a policy.',
    fix: 'Look the message up by folder and UID in SkippedItems.csv, save it by hand if it matters, or lift the policy and start the batch again.',
    actor: 'target-admin',
  },
  ITEM_TOO_LARGE: {
    text: 'The message is larger than the target accepts.',
    cause: 'The target announces a largest message size (or maxItemBytes sets one), and this message exceeds it.',
    fix: 'Save the message elsewhere, or raise the limit at the target and start the batch again.',
    actor: 'user',
    aliases: ['TooManyLargeItemsPermanentException', 'exceeded the maximum number of large items'],
  },
  ITEM_UNREADABLE: {
    text: 'The source server cannot read this message.',
    cause: 'The message is damaged in the store of the source: the server lists it and then fails to deliver it.',
    fix: 'Open the message in the source mailbox; if that fails too, repair the mailbox there (for example `doveadm force-resync`) or delete the message, then start the batch again.',
    actor: 'source-admin',
    aliases: [
      'StoragePermanentException',
      'The job encountered too many transient failures and is quitting. The most common failure is StoragePermanentException',
    ],
  },
  ITEM_CORRUPT: {
    text: 'Exchange says that this item is corrupt.',
    cause: 'The item is damaged in the mailbox database: Exchange lists it and then cannot read it.',
    fix: 'Open the item in Outlook or Outlook on the web; if that fails too, repair the mailbox (New-MailboxRepairRequest from Exchange 2010 SP1 on, isinteg before) or delete the item, then start the batch again.',
    actor: 'source-admin',
    aliases: ['ErrorCorruptData', 'ErrorItemCorrupt', 'CorruptDataException'],
  },
  ITEM_NOT_CONVERTIBLE: {
    text: 'Exchange cannot make an Internet message of this item.',
    cause:
      'Exchange keeps items in a form of its own and converts them when they are read. This one it could not convert: a broken body or attachment, or a kind of item that has no such form.',
    fix: 'Open the item in Outlook and save it anew (or save it as a file by hand), then start the batch again.',
    actor: 'source-admin',
    aliases: ['ErrorContentConversionFailed', 'ErrorMimeContentConversionFailed', 'ErrorUnsupportedMimeConversion'],
  },
  ITEM_NOT_MAIL: {
    text: 'The item is of another kind than its folder.',
    cause:
      'A contact, appointment, task or note lies in a mail folder, most often among the deleted items, or something else lies in a calendar or among contacts. An item is copied only into a folder of its own kind.',
    fix: 'Nothing, if it is not missed. What is wanted can be exported from Outlook to a .pst file and imported into the new mailbox.',
    actor: 'user',
  },
  ITEM_COPIED_WITH_LOSSES: {
    text: 'The item was copied, but the target could not take all of it.',
    cause:
      'Contacts, events, tasks and notes have properties at the source for which the target has no place. The item is there and counts as copied; what it lacks is named.',
    fix: 'Nothing, if it is not missed. What is wanted can be seen in the source mailbox as long as it is kept.',
    actor: 'user',
  },
  AUTODISCOVER_FAILED: {
    text: 'Autodiscover did not find the address of Exchange Web Services.',
    cause:
      'The domain has no Autodiscover that can be reached from here, its certificate is not good, or it redirects to a place that is not to be trusted with a password.',
    fix: 'Give source.ewsUrl in place of source.autodiscover: Get-WebServicesVirtualDirectory | fl InternalUrl,ExternalUrl names it.',
    actor: 'admin',
  },
  SOURCE_NOT_EWS: {
    text: 'There are no Exchange Web Services at the address of the endpoint.',
    cause:
      "source.ewsUrl names another page of the server, Outlook on the web for example, or a proxy in front of Exchange does not let /EWS through, or sends it to another address. Outlook Anywhere (RPC over HTTP), which Microsoft's guides have you enable and test, is not used: Exchange Web Services stand in its place.",
    fix: 'Ask Exchange for the address: Get-WebServicesVirtualDirectory | fl InternalUrl,ExternalUrl. It ends in /EWS/Exchange.asmx.',
    actor: 'admin',
    aliases: ['Outlook Anywhere', 'RPC over HTTP', 'Migration batch fails to start'],
  },
  SOURCE_NOT_WEBDAV: {
    text: 'There is no WebDAV of Exchange at the address of the endpoint.',
    cause:
      'source.webdavUrl names another page of the server, or URLScan, the IIS Lockdown Tool or a proxy in front of Exchange does not let SEARCH and PROPFIND through. Exchange 2010 and newer have no WebDAV any more.',
    fix: 'Give the address of Outlook Web Access, https://SERVER/exchange/, and allow the verbs SEARCH, PROPFIND and GET there. Exchange 2007 and newer: give ewsUrl. Mail alone can be read by IMAP (docs/endpoints/imap.md).',
    actor: 'source-admin',
  },
  SOURCE_MAILBOX_NOT_FOUND: {
    text: 'Exchange has no mailbox with this address.',
    cause:
      'EmailAddress of the row is none of an address of a mailbox there: misspelt, a contact or group, or a mailbox of another organisation.',
    fix: 'Correct EmailAddress to the primary address of the mailbox (Get-Mailbox NAME | fl PrimarySmtpAddress), and upload the CSV again under the same batch name. Exchange 2003: give the alias as UserName.',
    actor: 'admin',
    aliases: ['ErrorNonExistentMailbox', 'The SMTP address has no mailbox associated with it.'],
  },
  SOURCE_IMPERSONATION_DENIED: {
    text: 'The account of the endpoint may not act in the place of this user.',
    cause:
      'The account lacks the role ApplicationImpersonation (Exchange 2010 and newer) or the rights ms-Exch-EPI-Impersonation and ms-Exch-EPI-May-Impersonate (Exchange 2007), or the mailbox is outside of their scope.',
    fix: 'Give the role (docs/endpoints/exchange.md), or set source.access to fullAccess and give the account Full Access.',
    actor: 'source-admin',
    aliases: ['ErrorImpersonateUserDenied', 'ErrorImpersonationDenied'],
  },
  SOURCE_VERSION_UNSUPPORTED: {
    text: 'This version of Exchange is too old for Exchange Web Services as we need them.',
    cause: 'The server is Exchange 2007 without a Service Pack: its Web Services know no Exchange2007_SP1.',
    fix: 'Install Service Pack 1 or newer, or migrate the mail by IMAP (docs/endpoints/imap.md).',
    actor: 'source-admin',
    aliases: ['ErrorInvalidServerVersion'],
  },
  USER_ROOT_UNSUPPORTED: {
    text: 'The row names a UserRoot, which this kind of source does not have.',
    cause:
      'UserRoot is a folder of an IMAP server below which a mailbox lies; the source of this endpoint is Exchange.',
    fix: 'Leave the UserRoot column out, or empty in this row, and upload the CSV again under the same batch name.',
    actor: 'admin',
  },
  TOKEN_REFUSED: {
    text: 'The identity provider gave no access token.',
    cause:
      'Client id, secret, certificate, scope or token URL of the endpoint is wrong, or the provider does not answer.',
    fix: 'Check the oauth settings of the endpoint with `endpoint test`, and that the app has the permission consented. For Exchange Online the message holds the number of the refusal (docs/endpoints/exchange-online.md).',
    actor: 'admin',
  },
  APPLICATION_UNKNOWN: {
    text: 'The tenant does not know the application.',
    cause:
      'target.clientId is no application of the tenant that target.tenant names, the application was never consented to there, or it was switched off or deleted.',
    fix: 'Compare target.clientId with the Application (client) id, and target.tenant with the Directory (tenant) id, in the app registration; switch the enterprise application on. `endpoint test` then signs in.',
    actor: 'target-admin',
    aliases: ['AADSTS700016', 'AADSTS7000229', 'AADSTS7000112'],
  },
  APPLICATION_SECRET_REFUSED: {
    text: 'The secret of the application is not taken.',
    cause: 'The client secret is wrong, has expired, or was deleted in the app registration. Its id is no secret.',
    fix: 'Make a new client secret (or better a certificate) under Certificates & secrets, store its value where target.secret refers to, and start or resume the batch: it goes on where it stopped.',
    actor: 'target-admin',
    aliases: ['AADSTS7000215', 'AADSTS7000216', 'AADSTS7000222'],
  },
  APPLICATION_CERTIFICATE_REFUSED: {
    text: 'The certificate of the application is not taken.',
    cause:
      'It is not registered with the application (uploaded just now, it takes some minutes to be known everywhere), or the PEM does not hold the certificate and the private key that belongs to it.',
    fix: 'Upload the certificate that target.certificate refers to under Certificates & secrets (`az ad app credential reset --id <application id> --cert @app.crt --append`), wait some minutes, and run `endpoint test`.',
    actor: 'target-admin',
    aliases: ['AADSTS700027', 'AADSTS900384'],
  },
  APPLICATION_CERTIFICATE_EXPIRED: {
    text: 'The certificate of the application has expired.',
    cause: 'Its time is over: a certificate is good for as long as it was made for.',
    fix: 'Make a new certificate, upload it under Certificates & secrets, store certificate and key where target.certificate refers to, and start or resume the batch: it goes on where it stopped.',
    actor: 'target-admin',
  },
  TENANT_UNKNOWN: {
    text: 'There is no such tenant.',
    cause: 'target.tenant is neither the id of a tenant of this cloud nor one of its domains.',
    fix: 'Correct target.tenant (Directory (tenant) id in the app registration) and target.cloud.',
    actor: 'admin',
    aliases: ['AADSTS90002', 'AADSTS900023'],
  },
  TENANT_IN_OTHER_CLOUD: {
    text: 'The tenant is in another national cloud.',
    cause:
      'target.cloud names a cloud in which this tenant, or Exchange Online for it, does not exist. GCC is in the worldwide cloud, GCC High and DoD and 21Vianet are clouds of their own.',
    fix: 'Set target.cloud to global (also GCC), usgov (GCC High), usgov-dod or china (21Vianet), and run `endpoint test`.',
    actor: 'admin',
    aliases: ['AADSTS90038', 'AADSTS900382', 'AADSTS700023', 'AADSTS500011'],
  },
  MACHINE_CLOCK_WRONG: {
    text: 'The clock of the machine that migrates is wrong.',
    cause: 'A signed assertion is good for some minutes around the time that the machine believes it is.',
    fix: 'Set the clock (and let NTP keep it), and start the batch again.',
    actor: 'admin',
    aliases: ['AADSTS700024'],
  },
  SIGN_IN_POLICY_BLOCKS: {
    text: 'A policy of the tenant blocks the sign-in of the application.',
    cause: 'Conditional access for workload identities, or security defaults, do not allow it from this address.',
    fix: 'Allow the application, from the address that migrates, in the policy that the sign-in log of Microsoft Entra names.',
    actor: 'target-admin',
    aliases: ['AADSTS53003', 'AADSTS530035'],
  },
  ITEM_VANISHED: {
    text: 'The item was gone from the source before it could be copied.',
    cause: 'Somebody deleted or moved it while its folder was being copied.',
    fix: 'Nothing: if it was moved, the next pass finds it in its new folder.',
    actor: 'nobody',
  },
  ITEM_STOPS_WORKER: {
    text: 'The message made the worker stop several times.',
    cause:
      'Three attempts to copy this one message ended with the loss of the worker: too big for its memory, or a server that breaks down over it.',
    fix: 'Save the message by hand. Report it with the numbers of SkippedItems.csv: this should not happen. Where it ended the whole mailbox (one message after another), let the source server be repaired, then retry the mailbox.',
    actor: 'operator',
    aliases: ['Job is poisoned'],
  },
  OVER_ITEM_CAP: {
    text: 'The mailbox holds more messages than the cap; this is one of the oldest.',
    cause:
      'maxItems (default 500,000 for imap) keeps the newest messages of a mailbox by date received. What arrives after the first pass is copied in any case.',
    fix: 'Raise maxItems for the mailbox (a column of the CSV) or for the batch, and start the batch again: what was left out is copied then.',
    actor: 'admin',
  },
  DELETED_SKIPPED: {
    text: 'The message is marked as deleted at the source.',
    cause: 'The option skipDeleted leaves out messages that carry the \\Deleted flag and wait for their removal.',
    fix: 'Nothing, if that is what you want; else switch skipDeleted off and start the batch again.',
    actor: 'nobody',
  },
  DATE_FILTERED: {
    text: 'The message was received outside the chosen dates.',
    cause: 'receivedAfter or receivedBefore leaves it out.',
    fix: 'Nothing, if that is what you want; else change the option and start the batch again.',
    actor: 'nobody',
  },
  FOLDER_REFUSED: {
    text: 'The target server refused to create the folder.',
    cause: 'Its name breaks a rule of the target, a parent cannot have children, or the number of folders is limited.',
    fix: 'Rename the folder at the source, or create it by hand at the target, and start the batch again.',
    actor: 'target-admin',
  },
  FOLDER_CHANGED: {
    text: 'Folders were renamed, deleted or made anew while they were being copied.',
    cause:
      'Somebody works on the folders, or a server gives them a new UIDVALIDITY: after a restore, or whenever it indexes them. Also: a folder that is there cannot be opened.',
    fix: 'Nothing, as long as the mailbox goes on: the pass is planned anew by itself, matches what is at the target and copies only the rest. A mailbox that Failed with it met this again and again: find out what changes its folders (or mend the folder that the message names), then start the batch again.',
    actor: 'operator',
  },
  TOO_MANY_BAD_ITEMS: {
    text: 'More messages failed than badItemLimit allows.',
    cause:
      'Damaged messages at the source, or a target that refuses them; SkippedItems.csv names each with its reason.',
    fix: 'Look at the reasons. If the loss is acceptable, raise the limit for this mailbox (a column badItemLimit in the CSV) and upload the CSV again under the same batch name: the mailbox goes on where it stood.',
    actor: 'admin',
    aliases: ['TooManyBadItemsPermanentException', 'TooManyMissingItemsPermanentException'],
  },
  TOO_MANY_LARGE_ITEMS: {
    text: 'More messages are too large than largeItemLimit allows.',
    cause: 'The target accepts no message of that size; SkippedItems.csv names each.',
    fix: 'Ask the user to save them elsewhere and delete them, or raise largeItemLimit (a column of the CSV), then upload the CSV again under the same batch name.',
    actor: 'user',
    aliases: ['TooManyLargeItemsPermanentException'],
  },
  COUNTS_DO_NOT_CLOSE: {
    text: 'The numbers of the mailbox do not add up.',
    cause:
      'Listed messages are not equal to copied, skipped, failed, doubtful and vanished ones, or the recount of the ledger gives another result. The mailbox is not called green until they do.',
    fix: 'Start the batch again: the mailbox is walked through once more and copies nothing twice. If it stays, report it with the verification report.',
    actor: 'operator',
  },
  VERIFICATION_FAILED: {
    text: 'Messages at the target differ from what was copied.',
    cause:
      'Re-read messages are missing, altered or too many at the target: the server changed them, or somebody else wrote to or deleted from the mailbox.',
    fix: 'The verification report names each with folder and UID. If users already work there set usersAtWork; else restore the messages from the source and start the batch again.',
    actor: 'target-admin',
  },
  DOUBTFUL_ITEM: {
    text: 'It cannot be told whether the message is already at the target.',
    cause:
      'The target holds a message that may be this one, from before the first pass or left by an interruption: it was received in the same second and has the same sender and subject, but no Message-ID, or other octets. It is not copied again by itself, so that nothing is doubled.',
    fix: 'Compare the two messages: folder and UID are in SkippedItems.csv. If the target lacks it, copy it by hand, or have it copied with `stagecoach batch retry NAME --doubtful`.',
    actor: 'admin',
  },
  LATE_TWIN: {
    text: 'The target holds a second copy of this message.',
    cause:
      'The target stored what it had received only after the connection was lost and the message had been copied again; the copy could not be removed safely because users may be at work, or the first copy was moved. Or somebody copied the message there.',
    fix: 'Delete one of the two copies by hand; folder and UID are in SkippedItems.csv.',
    actor: 'user',
  },
  ITEMS_NOT_COPIED: {
    text: 'Some messages of the mailbox could not be copied.',
    cause:
      'The source could not read them or the target refused them, but no more of them than badItemLimit allows; SkippedItems.csv names each with its reason.',
    fix: 'SkippedItems.csv gives the reason of each: mend what can be mended and start the batch again. What is at the target already is not copied twice.',
    actor: 'admin',
  },
  MAILBOX_STOPPED: {
    text: 'The mailbox was stopped before it was through.',
    cause:
      'The batch was stopped, or ended, while this mailbox was in progress. What was copied by then stays at the target.',
    fix: 'Start the batch again: the mailbox goes on where it stood.',
    actor: 'admin',
  },
  MAILBOX_NOT_STARTED: {
    text: 'The mailbox had not been started when the batch ended.',
    cause: 'The batch was stopped, or ended, while this mailbox was waiting for its turn.',
    fix: 'Start the batch again.',
    actor: 'admin',
  },
  MAIL_NOT_SENT: {
    text: 'A status mail could not be sent.',
    cause: 'Nobody is named to receive it, or the mail service refused it; the batch itself is not affected.',
    fix: 'Set `notify` for the batch or the endpoint, or the operator of the deployment; on AWS have the sender verified and Amazon SES out of its sandbox. The reports lie beside the batch in any case.',
    actor: 'operator',
  },
  LEASE_LOST: {
    text: 'Another worker took over the mailbox.',
    cause:
      'This worker stood still for longer than its lease lasts (a suspended machine, an overloaded store), and a successor continued.',
    fix: 'Nothing: the successor goes on where the last committed page ended.',
    actor: 'nobody',
  },
  STATE_CHANGED: {
    text: 'Somebody else changed it at the same time.',
    cause:
      'Two commands, or a command and the running batch, changed the same batch, mailbox or endpoint; one of them won.',
    fix: 'Look at the present state and give the command again if it is still wanted.',
    actor: 'admin',
  },
  WORKER_LOST: {
    text: 'The mailbox made no progress in three rounds.',
    cause:
      'Its worker was lost each time before it committed a page: out of memory, out of time, or killed from outside.',
    fix: "Look at the worker's log for the mailbox, then start the batch again: the mailbox goes on where it stood.",
    actor: 'operator',
    aliases: [
      'The job has not made progress since',
      'SyncTimeoutException',
      'Job is poisoned',
      'Error: Job is poisoned, poison count = 6.',
      'no email could be downloaded for 5 hours, 0 minutes.',
    ],
  },
  MAILBOX_HELD_BY_OTHER_BATCH: {
    text: 'Another batch holds this mailbox.',
    cause:
      'A mailbox is in one batch at a time, from the moment a row is accepted until that batch is completed or removed.',
    fix: 'Remove the row from this CSV, or complete or remove the other batch first; nothing is copied twice either way.',
    actor: 'admin',
    aliases: [
      'UserAlreadyBeingMigratedException: The user already has a pending request. Please remove the existing request and resume the current batch or start a new batch for this user.',
      "The user's mailbox has already been migrated.",
      'The onboarding move could not be created because user is already being moved.',
      "MigrationPermanentException: The onboarding move could not be created because user '…' is already being moved.",
    ],
  },
  SEALED_PASSWORD_UNREADABLE: {
    text: 'A sealed password cannot be opened.',
    cause:
      'The sealing key is not the one it was sealed with: STAGECOACH_KEY changed, the key file is gone, or the KMS key was replaced.',
    fix: 'Bring the old key back, or upload the CSV with the passwords again under the same batch name: they are sealed anew.',
    actor: 'operator',
  },
  SEALED_PASSWORD_MISSING: {
    text: 'There is no password for this mailbox.',
    cause: 'The row had a blank Password and none was sealed before, or it was deleted with an earlier batch.',
    fix: 'Fill in the Password of the row and upload the CSV again under the same batch name.',
    actor: 'admin',
  },
  SECRET_NOT_FOUND: {
    text: 'A secret that the endpoint refers to is not there.',
    cause:
      'The environment variable, file or Secrets Manager entry that the reference names does not exist or may not be read.',
    fix: 'Set it (for `serve`: before it starts), or correct the reference in the endpoint file, and run `stagecoach endpoint test NAME`.',
    actor: 'operator',
  },
  BATCH_EXISTS: {
    text: 'A batch of that name exists.',
    cause: 'Names of batches are unique in a deployment.',
    fix: 'Choose another name; or add rows to the batch that is there by uploading the CSV to its endpoint under its name.',
    actor: 'admin',
    aliases: ['The migration batch already exists.'],
  },
  BATCH_NOT_FOUND: {
    text: 'There is no batch of that name.',
    cause: 'The name is misspelled, or the batch was removed.',
    fix: '`stagecoach batch list` shows the names.',
    actor: 'admin',
  },
  MAILBOX_NOT_FOUND: {
    text: 'The batch has no such mailbox.',
    cause: 'The address is misspelt, or stands in another batch.',
    fix: 'List the mailboxes of the batch with `stagecoach batch users NAME` and name one of them; rows without a valid address are named `row-<number>`.',
    actor: 'admin',
  },
  CHECK_UNKNOWN: {
    text: 'There is no prerequisite of this name.',
    cause: 'The name after `--override` is none of those that are checked.',
    fix: 'Use a name as `stagecoach batch show NAME` prints it beside the failed check, for example `target-reachable`.',
    actor: 'admin',
  },
  ENDPOINT_NOT_FOUND: {
    text: 'There is no endpoint of that name.',
    cause:
      'The name is misspelled, the file was uploaded to the folder of an endpoint that does not exist, or the endpoint was removed.',
    fix: '`stagecoach endpoint list` shows the names; `stagecoach endpoint put FILE` creates one.',
    actor: 'admin',
  },
  ENDPOINT_INVALID: {
    text: 'The endpoint file is not valid.',
    cause: 'A setting is missing, misspelled, out of its bounds, or contradicts another; the message names it.',
    fix: 'Correct the setting that the message names and put the endpoint again.',
    actor: 'admin',
  },
  ENDPOINT_IN_USE: {
    text: 'Batches still use the endpoint.',
    cause: 'An endpoint can be removed only when no batch refers to it.',
    fix: 'Complete and remove its batches first.',
    actor: 'admin',
  },
  REFUSED_IN_THIS_STATE: {
    text: 'The command does not fit the state of the batch.',
    cause: 'The batch is running, already done, or not started; the message says what would be allowed now.',
    fix: 'Choose one of the commands that the message names, or wait until the batch rests.',
    actor: 'admin',
  },
  CSV_EMPTY: {
    text: "Upload file can't be empty",
    cause: 'The file has no bytes, only blank lines, or a header and no row below it.',
    fix: 'Put the header in the first line and one mailbox in each line below it, and upload the file again.',
    actor: 'admin',
    aliases: ["Upload file can't be empty"],
  },
  CSV_TOO_LARGE: {
    text: 'The CSV file is larger than 10 MB.',
    cause: 'A batch file may have 10 MB (10,485,760 octets), as in Microsoft’s service.',
    fix: 'Divide the file into several, each with the header, and submit them under different batch names.',
    actor: 'admin',
  },
  CSV_TOO_MANY_ROWS: {
    text: 'The CSV file contains more rows than a batch may have.',
    cause: 'A batch may have 50,000 rows (imap) or 2,000 rows (staged).',
    fix: 'Divide the file into several, each with the header, and submit them under different batch names.',
    actor: 'admin',
    aliases: [
      'The CSV file contains more than 50,000 rows. Please divide the file into two or more files and submit them separately.',
    ],
  },
  CSV_NOT_USED: {
    text: 'A cutover migration takes no CSV file.',
    cause: 'A cutover migrates all mailboxes of the organisation in one batch, so there is nothing to list.',
    fix: 'Create the batch without a CSV, or use an endpoint of type staged or imap.',
    actor: 'admin',
  },
  CSV_NOT_TEXT: {
    text: 'The file is not text that can be read.',
    cause:
      'It is a workbook or another binary file, or it was saved in an old character set (such as Windows-1252) instead of Unicode.',
    fix: 'Save it again: in Excel "Save as", type "CSV UTF-8 (Comma delimited)"; in an editor choose the encoding UTF-8.',
    actor: 'admin',
  },
  CSV_SEPARATOR: {
    text: 'The columns of the file are not separated by commas.',
    cause: 'Excel writes semicolons where the regional settings use the comma in numbers; "Text" writes tabs.',
    fix: 'Replace the separator by commas, or change the list separator in the regional settings to a comma and save again.',
    actor: 'admin',
  },
  CSV_HEADER_MISSING: {
    text: 'The first line of the file is not a header.',
    cause: 'The first line must name the columns; this one names none that is known.',
    fix: 'Put the header in the first line: EmailAddress,UserName,Password for imap, EmailAddress for staged.',
    actor: 'admin',
  },
  CSV_COLUMN_MISSING: {
    text: 'A required column is missing from the CSV file.',
    cause: 'An imap file needs EmailAddress, UserName and Password, a staged one EmailAddress, each named exactly so.',
    fix: 'Add the column, or correct its name in the first line, and upload the file again.',
    actor: 'admin',
    aliases: [
      'Column "Column name" is missing from the CSV file. The import process can\'t continue because this column is required. Please edit the CSV file and re-submit it.',
    ],
  },
  CSV_COLUMN_UNKNOWN: {
    text: 'The CSV file has a column that is not known.',
    cause: 'The name of the column is misspelt, or the column is meant for something else.',
    fix: 'Correct the name, remove the column, begin its name with _ to have it ignored, or set allowUnknownColumns.',
    actor: 'admin',
  },
  CSV_COLUMN_TWICE: {
    text: 'The CSV file has the same column twice.',
    cause: 'Two cells of the first line hold the same name, so that it is unclear which value counts.',
    fix: 'Remove one of the two columns.',
    actor: 'admin',
  },
  CSV_COLUMN_UNNAMED: {
    text: 'The CSV file has a column without a name.',
    cause: 'The first line ends with a comma or has two commas in a row; spreadsheets do that for emptied columns.',
    fix: 'Delete the empty column (in every row) and save the file again.',
    actor: 'admin',
  },
  CSV_COLUMN_COUNT: {
    text: 'A row has the wrong number of columns.',
    cause: 'A comma is missing, or a value holds a comma and does not stand in double quotes.',
    fix: 'Give the row as many columns as the header: an empty value keeps its comma, a value with a comma stands in double quotes.',
    actor: 'admin',
    aliases: [
      'Row X has the wrong number of columns. Expected number: 3. Actual number: Y. Please edit this row and re-submit the file.',
    ],
  },
  CSV_QUOTES: {
    text: 'The double quotes of a row do not match.',
    cause:
      'A value that holds a double quote must stand in double quotes itself, with each inner one written twice (RFC 4180).',
    fix: 'Write the value as "pass""word" for pass"word, and close each double quote that is opened.',
    actor: 'admin',
  },
  CSV_COLUMN_IGNORED: {
    text: 'A column that is not known is ignored.',
    cause: 'allowUnknownColumns is set, so that optional columns with misspelt names are ignored as well.',
    fix: 'Nothing, if that is meant; else correct the name of the column.',
    actor: 'admin',
  },
  CSV_COLUMN_UNUSED: {
    text: 'A column has no effect in this batch.',
    cause: 'The column belongs to another type of migration, or it is an option that counts for the whole batch.',
    fix: 'Remove the column, or set the option for the batch (--option, <batch>.json) or the endpoint.',
    actor: 'admin',
  },
  CSV_ROW_EMPTY: {
    text: 'A row without any value is ignored.',
    cause: 'Spreadsheets keep the commas of rows whose contents were deleted.',
    fix: 'Nothing; or delete the row.',
    actor: 'nobody',
  },
  CSV_ADDRESS_EMPTY: {
    text: 'EmailAddress is empty.',
    cause: 'Each row names its mailbox by EmailAddress.',
    fix: 'Fill in the address of the target mailbox (imap) or the primary address of the source mailbox (staged).',
    actor: 'admin',
  },
  CSV_ADDRESS_INVALID: {
    text: 'EmailAddress is not a valid SMTP address.',
    cause: 'The value is not of the form name@domain, or it holds characters that an address cannot have.',
    fix: 'Correct the address and upload the file again under the same batch name.',
    actor: 'admin',
    aliases: ['"/o=NT5/ou=…" is not a valid SMTP address'],
  },
  CSV_ADDRESS_DUPLICATE: {
    text: 'The mailbox is already in the file.',
    cause: 'Two rows have the same EmailAddress (upper and lower case count as the same).',
    fix: 'Remove one of the rows, or correct the address of one.',
    actor: 'admin',
  },
  CSV_ADDRESS_DOUBTFUL: {
    text: 'EmailAddress may not be the address that is meant.',
    cause: 'For imap it is the target mailbox, not the source; and the domain differs from what the other rows have.',
    fix: 'Check the address; nothing else, if it is right.',
    actor: 'admin',
  },
  CSV_USERNAME_EMPTY: {
    text: 'UserName is empty.',
    cause: 'The endpoint signs in to each source mailbox with the user name of the row.',
    fix: 'Fill in the user name of the source mailbox, or give the endpoint an administrator’s login.',
    actor: 'admin',
  },
  CSV_USERNAME_SPACES: {
    text: 'A user name begins or ends with a space.',
    cause: 'Servers take the space for a part of the name and refuse the sign-in.',
    fix: 'Remove the space.',
    actor: 'admin',
  },
  CSV_USERNAME_ADMIN: {
    text: 'UserName already names an administrator.',
    cause: 'The endpoint signs in as an administrator by itself and puts the name of the user into its own template.',
    fix: 'Write only the name of the user, or set the login mode of the endpoint to user.',
    actor: 'admin',
  },
  CSV_PASSWORD_EMPTY: {
    text: 'Password is empty.',
    cause: 'The endpoint signs in with the password of the row, and none was given for this mailbox before.',
    fix: 'Fill in the password, or give the endpoint an administrator’s login.',
    actor: 'admin',
  },
  CSV_PASSWORD_SHORT: {
    text: 'The password has fewer than 8 characters.',
    cause: 'Exchange Online refuses shorter passwords when it makes the mailbox.',
    fix: 'Choose a longer one that meets the password rules of the organisation, or leave it blank.',
    actor: 'admin',
  },
  CSV_PASSWORD_SPACES: {
    text: 'A password begins or ends with a space.',
    cause: 'The space is taken for a part of the password, as it may well be.',
    fix: 'Remove the space if it does not belong to the password.',
    actor: 'admin',
  },
  CSV_PASSWORD_UNUSED: {
    text: 'The passwords in the file are not used.',
    cause: 'The endpoint signs in with an account or an application of its own.',
    fix: 'Remove the column: a password that is not needed should not be in a file.',
    actor: 'admin',
  },
  CSV_FORCE_CHANGE_INVALID: {
    text: 'ForceChangePassword is not True or False.',
    cause: 'The column takes True or False; a blank cell means False.',
    fix: 'Write True or False.',
    actor: 'admin',
  },
  CSV_OPTION_INVALID: {
    text: 'The value of an option is not valid.',
    cause: 'The cell holds something that the option does not take.',
    fix: 'Correct the value; a blank cell takes the batch’s.',
    actor: 'admin',
  },
  CSV_VALUE_TOO_LONG: {
    text: 'A value is too long.',
    cause: 'No server takes values of this length; often a double quote was left open.',
    fix: 'Shorten the value, or close the double quote.',
    actor: 'admin',
  },
  CSV_CONTROL_CHARACTER: {
    text: 'A value holds a line break, a tab or another control character.',
    cause: 'Such characters cannot be part of the value; they come from copying out of documents and web pages.',
    fix: 'Write the value anew without them.',
    actor: 'admin',
  },
  CSV_ODD_CHARACTER: {
    text: 'A value holds a character that is easily mistaken.',
    cause: 'Word processors turn plain quotation marks into typographic ones and add spaces that cannot be seen.',
    fix: 'Check the value and write it anew by hand if the character does not belong to it.',
    actor: 'admin',
  },
  CSV_SPACES_REMOVED: {
    text: 'Spaces around a value were removed.',
    cause: 'There was a space after or before a comma.',
    fix: 'Nothing.',
    actor: 'nobody',
  },
  CSV_MAILBOX_TWICE: {
    text: 'Two rows name the same mailbox on one side.',
    cause: 'Two rows read the same source mailbox or write into the same target mailbox.',
    fix: 'Check both rows; nothing else, if it is meant.',
    actor: 'admin',
  },
  NAME_INVALID: {
    text: 'The name cannot be used.',
    cause: 'A name begins with a letter or digit and has at most 64 letters, digits, dots, underscores and hyphens.',
    fix: 'Choose another name; for an upload, rename the file.',
    actor: 'admin',
  },
  SERVICE_UNREACHABLE: {
    text: 'The service does not answer.',
    cause: 'No `stagecoach serve` is running at this address, or it is still starting.',
    fix: 'Start it, or correct `--url` or `--data`.',
    actor: 'operator',
  },
  TOKEN_NOT_FOUND: {
    text: 'The token of the service cannot be read.',
    cause: 'The file `token` in the data folder is missing, or belongs to another user of this machine.',
    fix: 'Run the command as the user who runs the service, or give the right `--data`.',
    actor: 'operator',
  },
  NO_SUCH_ROUTE: {
    text: 'The service knows no such request.',
    cause: 'The address is misspelled, or command line and service are of different versions.',
    fix: 'Use the same version on both sides.',
    actor: 'operator',
  },
  INTERRUPTED: {
    text: 'The command was interrupted.',
    cause: 'Ctrl-C, or the process was asked to end.',
    fix: 'Give the same command again: the batch goes on where it stood.',
    actor: 'admin',
  },
  HOST_REFUSED: {
    text: 'The request names another host than the service listens on.',
    cause:
      'A web page in a browser of this machine tried to reach the service under another name (DNS rebinding), or a proxy stands in between.',
    fix: 'Use http://127.0.0.1 with the port of the service.',
    actor: 'operator',
  },
  ORIGIN_REFUSED: {
    text: 'The request comes from a web page of another origin.',
    cause: 'A web page in a browser of this machine tried to use the service.',
    fix: 'Nothing: it was refused. Use the command line or the pages of the service itself.',
    actor: 'operator',
  },
  STORE_UNAVAILABLE: {
    text: 'The state or the objects of the service cannot be read or written at present.',
    cause:
      'On one machine: the disk is full, failing or read-only, or the process has too many files open. On AWS: DynamoDB, S3 or another service did not answer or throttled.',
    fix: 'Make room on the disk of the data folder, or look at the health page of the AWS region. Nothing that was reported as done is lost: the work goes on by itself, or with the same command again.',
    actor: 'operator',
  },
  DATA_FOLDER_IN_USE: {
    text: 'Another process works in the data folder.',
    cause:
      'A `serve` or another command holds it; the message names the process. Two at once would write over each other.',
    fix: 'Ask the running service (`--url`, or just `--data`: it is found), or wait until the other command has ended.',
    actor: 'operator',
  },
  DATA_FOLDER_NOT_FOUND: {
    text: 'There is no data folder of Stagecoach at this place.',
    cause: '`--data` is mistyped, or the command was given in another folder than the one that holds `data/`.',
    fix: 'Name the data folder with `--data`; `run`, `serve` and `endpoint put` begin a new one.',
    actor: 'admin',
  },
  DATA_FOLDER_DAMAGED: {
    text: 'A file of the data folder is not what it should be.',
    cause: 'It was changed by hand, cut short by a failing disk, or belongs to another program.',
    fix: 'Bring the file that the message names back from a backup of the data folder. A damaged `token` may be deleted: it is made anew.',
    actor: 'operator',
  },
  LEDGER_DAMAGED: {
    text: 'Something of what was recorded of this mailbox is missing, or is not what was written.',
    cause:
      'A file below `ledger/` was deleted or changed by hand, or lost by a failing disk or an incomplete copy of the store.',
    fix: 'Bring the object that the message names back (from a backup, or on S3 from its earlier version), then retry the mailbox: nothing is copied without it. Where there is none, waive the mailbox, remove the batch with `--forget` and start it anew: what the target holds is compared first, and not copied again.',
    actor: 'operator',
  },
  SEALING_KEY_INVALID: {
    text: 'The key that seals the passwords is not a key.',
    cause: 'STAGECOACH_KEY or the key file holds something else than 32 octets in base64 or hex.',
    fix: 'Bring the old key back. Where no batch has sealed passwords yet, make one with `openssl rand -base64 32`.',
    actor: 'operator',
  },
  EXECUTION_LOST: {
    text: 'The execution that ran the batch is gone.',
    cause:
      'It was stopped in the AWS console, timed out, or ended with its process, and no other one could be started.',
    fix: 'Nothing at first: the next tick, within five minutes, starts another one, which goes on where this one stood. If it stays, resume the batch and look at the alarms of the state machine.',
    actor: 'operator',
  },
  SYNCHRONISATION_ENDED: {
    text: 'The batch is no longer synchronised.',
    cause: 'No admin asked anything of it for 60 days, so its daily incremental passes were stopped.',
    fix: 'Run `stagecoach batch sync NAME` for one more pass, `batch complete NAME` to finish it, or `batch remove NAME`.',
    actor: 'admin',
    aliases: ['no longer being synchronised'],
    toBeFound: 'The batch is Stopped with this as its reason in words.',
  },
  DIRECTORY_SYNC_CONFLICT: {
    text: 'Directory synchronisation leaves the account out, or its address or sign-in name is wrong in the cloud.',
    cause:
      'Two objects of the on-premises directory have the same proxyAddresses or userPrincipalName, an attribute holds characters that are not allowed, or the UPN suffix is not a verified domain.',
    fix: 'Run the IdFix tool against the on-premises directory, resolve its duplicate and invalid attributes, correct mismatched UPNs, and let a synchronisation run (`Start-ADSyncSyncCycle -PolicyType Delta`) before the batch is started again.',
    actor: 'source-admin',
    aliases: [
      'Run IdFix tool; resolve duplicate or invalid attributes',
      'attribute conflicts, UPN mismatch',
      'AttributeValueMustBeUnique',
      'InvalidSoftMatch',
    ],
  },
  NO_MAIL_AFTER_MIGRATION: {
    text: 'A migrated user gets no mail.',
    cause:
      'The routing has not been synchronised: the source still delivers to the old mailbox, because the forwarding address or the converted mail-enabled user has not reached the other side, or the MX record still points to the old server.',
    fix: 'Force a delta sync on the server of Microsoft Entra Connect: `Start-ADSyncSyncCycle -PolicyType Delta`. Then check the forwarding address of the source mailbox and the MX record. What lies in the old mailbox by then is fetched by `stagecoach batch sync NAME`.',
    actor: 'admin',
    aliases: ['No mail after migration', 'Force Entra Connect delta sync: Start-ADSyncSyncCycle -PolicyType Delta'],
    toBeFound: outside,
  },
  OUTLOOK_ASKS_FOR_CREDENTIALS: {
    text: 'Outlook asks for credentials again and again, or phones stop, after the migration.',
    cause: 'Autodiscover still returns the old server, or the device keeps the old account in its profile.',
    fix: 'Point the Autodiscover record to the new service, clear the credential manager, and make a new Outlook profile; on phones remove the account and add it again (docs/user-mails has texts for users).',
    actor: 'user',
    aliases: ['Update Autodiscover DNS; clear credential manager', 'Remove and re-add Exchange account on device'],
    toBeFound: outside,
  },
  FOLDERS_INVISIBLE_ON_PHONES: {
    text: 'Folders copied by IMAP are not shown on phones.',
    cause:
      'Exchange gave the folder the class IPF.Imap instead of IPF.Note, which phones leave out (Microsoft KB 3050475).',
    fix: 'Have the target admin set the class of the folder to IPF.Note, or move its messages into a folder made at the target.',
    actor: 'target-admin',
    aliases: ['IPF.Imap'],
    toBeFound: outside,
  },
  FEDERATED_PASSWORD_CHANGE: {
    text: 'A user with single sign-on cannot be told to change the password.',
    cause: 'ForceChangePassword is True for a user whose domain is federated (Microsoft KB 2845956).',
    fix: 'Nothing: Password and ForceChangePassword of the row are ignored, the user goes on signing in as before. Leave both empty to be rid of the warning.',
    actor: 'admin',
    aliases: [
      'A Windows Live error occurred while provisioning for "joe@contoso.com"',
      '0x80048210',
      "The mailboxes listed in the following table can't be migrated because they contain errors.",
    ],
  },
  SOURCE_ADDRESS_NOT_FOUND: {
    text: 'The directory of the source has no mailbox of this address.',
    cause: 'EmailAddress is not the primary address of a source mailbox, or the mailbox is hidden from address lists.',
    fix: 'Correct EmailAddress to the primary SMTP address of the source mailbox, or show the mailbox in the address lists, and upload the CSV again.',
    actor: 'admin',
    aliases: ["A source e-mail address <…> couldn't be found in the on-premises domain."],
  },
  TARGET_ADDRESS_MISMATCH: {
    text: 'The target has no user of this address.',
    cause: 'The account has not been synchronised yet, or its primary address there is another one.',
    fix: 'Let a directory synchronisation run, compare the primary addresses on both sides, and start the batch again.',
    actor: 'target-admin',
    aliases: ["A valid primary e-mail address couldn't be found in the cloud-based service."],
  },
  TARGET_OBJECT_OF_OTHER_TYPE: {
    text: 'The target has an object of another type under this address.',
    cause: 'A contact, a group or a deleted user that was left over has the address (Microsoft KB 2968722).',
    fix: 'Delete the left-over object for good, let a directory synchronisation run, and start the batch again.',
    actor: 'target-admin',
    aliases: ['A different type of Active Directory object already exists for "…" in the target forest.'],
  },
  MAILBOX_GUID_MISSING: {
    text: 'The two sides do not know that they mean the same mailbox.',
    cause: 'The GUID of the mailbox is not stamped on its counterpart on the other side.',
    fix: 'Set msExchMailboxGuid (ExchangeGuid) on the counterpart to the GUID of the mailbox, let a directory synchronisation run, and start the batch again.',
    actor: 'source-admin',
    aliases: ["MigrationPermanentException: Cannot find a recipient that has mailbox GUID '<GUID>'."],
    toBeFound: stagedOnly,
  },
  RECIPIENT_AMBIGUOUS: {
    text: 'More than one recipient answers to this address.',
    cause: 'Several objects of a directory have the same address, or a soft-deleted mailbox has the one that is meant.',
    fix: 'Take the address from all objects but one (the IdFix tool finds them), or remove the soft-deleted mailbox for good; let a directory synchronisation run and retry the mailbox.',
    actor: 'target-admin',
    aliases: ["The operation couldn't be performed because '…' matches multiple entries."],
  },
  DIRECTORY_UNREACHABLE: {
    text: 'The directory cannot be reached.',
    cause:
      'The name of the domain controller does not resolve, a firewall drops the connection, the port is wrong, or it is down.',
    fix: 'Run `stagecoach endpoint test NAME` from the machine that migrates; correct directory.url, or open port 636 (LDAPS) or 389 (StartTLS) of the domain controller for its address.',
    actor: 'source-admin',
  },
  DIRECTORY_NOT_REPLICATED: {
    text: 'Another domain controller answers than the one that was written to, and does not show what was written.',
    cause:
      'directory.url names the domain, or a load balancer, behind which several domain controllers answer; changes reach the others after minutes, between sites after up to three hours.',
    fix: 'Name the domain controller of the message in directory.url (`endpoint put`). Otherwise wait: it goes on by itself when the value has arrived, and after three hours in any case.',
    actor: 'admin',
  },
  DIRECTORY_CERTIFICATE_INVALID: {
    text: 'The certificate of the directory is not accepted.',
    cause: 'The domain controller has a certificate of its own authority, an expired one, or one for another name.',
    fix: 'Give the authority in directory.tls.caFile, or the name in the certificate in directory.tls.serverName.',
    actor: 'source-admin',
  },
  DIRECTORY_SIGN_IN_FAILED: {
    text: 'The directory refused the sign-in.',
    cause: 'directory.user or its secret is wrong, the account is locked, or its password has expired.',
    fix: 'Correct directory.user (migadmin@contoso.test, or a distinguished name) and its secret, and test the endpoint.',
    actor: 'source-admin',
  },
  DIRECTORY_NO_RECIPIENTS: {
    text: 'The directory shows no recipients.',
    cause: 'directory.base names the wrong place, or the account may not read below it.',
    fix: 'Correct directory.base to the distinguished name of the domain, such as DC=contoso,DC=test, and let the account read there.',
    actor: 'source-admin',
  },
  DIRECTORY_WRITE_DENIED: {
    text: 'The directory does not let us set the forwarding address.',
    cause:
      'The account has no right to write targetAddress here. Members of administrative groups (adminCount 1) do not inherit rights that were given on their organisational unit (AdminSDHolder).',
    fix: 'Give the account WriteProperty on TargetAddress (`Add-ADPermission -Identity USER -User migadmin -AccessRights WriteProperty -Properties TargetAddress`) and retry the mailbox; or set skipForwarding for it and forward by hand.',
    actor: 'source-admin',
  },
  DIRECTORY_SYNC_OFF: {
    text: 'Directory synchronisation is off at the target.',
    cause:
      'A staged migration moves users that Microsoft Entra Connect keeps in step; onPremisesSyncEnabled of the organisation is not true.',
    fix: 'Set up Microsoft Entra Connect (or cloud sync) and let it run once; then start the batch again.',
    actor: 'target-admin',
  },
  DOMAIN_NOT_ACCEPTED: {
    text: 'A domain of the batch is not an accepted domain of the target.',
    cause: 'The domain was not added to the organisation, is not verified, or is not used for e-mail there.',
    fix: 'Add the domain in the Microsoft 365 admin center, verify it by its TXT record, let it be used for Exchange, and start the batch again.',
    actor: 'target-admin',
  },
  LICENCES_EXHAUSTED: {
    text: 'There are not enough licences left.',
    cause: 'Every unit of the SKU that the endpoint names is used.',
    fix: 'Buy or free units of the SKU, or licence the users by hand; then retry the mailboxes.',
    actor: 'target-admin',
  },
  LICENCE_UNKNOWN: {
    text: 'The organisation has no such licence.',
    cause: 'target.licence.sku names neither the id nor the part number of a SKU that the organisation owns.',
    fix: 'Take skuId or skuPartNumber from `GET /subscribedSkus` (Get-MgSubscribedSku) and correct the endpoint.',
    actor: 'admin',
  },
  TARGET_RIGHT_MISSING: {
    text: 'The application lacks a right at the target.',
    cause:
      'An administrator has not consented to a permission of the app registration, or has not assigned its role in Exchange Online.',
    fix: 'Grant the permission that the message names, wait until it counts (up to two hours for RBAC for Applications), and test the endpoint.',
    actor: 'target-admin',
  },
  TARGET_PASSWORD_REFUSED: {
    text: 'The target did not take the password of the row.',
    cause: 'It breaks the password rules of the organisation, or was used before.',
    fix: 'Give another password in the row (or none) and upload the CSV again under the same batch name.',
    actor: 'admin',
  },
  RECIPIENT_NOT_MIGRATABLE: {
    text: 'A recipient of this type is not migrated.',
    cause:
      'The address belongs to a group, a contact, a mail-enabled user, a mailbox that was moved already, or a system mailbox.',
    fix: 'Take the row out of the CSV, or correct EmailAddress to the address of a mailbox.',
    actor: 'admin',
  },
  SOURCE_ADDRESS_NOT_PRIMARY: {
    text: 'EmailAddress is not the primary address of the source mailbox.',
    cause: 'The row names another address of the mailbox (features of Outlook match users by the primary one).',
    fix: 'Correct EmailAddress to the primary SMTP address that the message names, and upload the CSV again under the same batch name.',
    actor: 'admin',
  },
  IMMUTABLE_ID_MISMATCH: {
    text: 'The user at the target is not the one of the source.',
    cause:
      'onPremisesImmutableId of the user belongs to another object of the on-premises directory, or the user was made in the cloud and was never matched.',
    fix: 'Match the user (soft match by address, or set onPremisesImmutableId to the object’s GUID in base64), let a directory synchronisation run, and retry the mailbox.',
    actor: 'target-admin',
  },
  TARGET_USER_UNLICENSED: {
    text: 'The user at the target has no licence for Exchange Online.',
    cause: 'No licence was assigned, and the endpoint names none to give.',
    fix: 'Assign a licence with an Exchange Online plan (or name target.licence in the endpoint) and retry the mailbox.',
    actor: 'target-admin',
  },
  MAILBOX_GUID_SYNCED: {
    text: 'Exchange Online makes no mailbox, because it knows the one on-premises.',
    cause:
      'Directory sync carries msExchMailboxGuid over. Exchange Online then takes the mailbox for one that only Microsoft’s own migration may move: a licence alone makes none.',
    fix: 'In Microsoft Entra Connect clone the rule "In from AD - User Exchange" with a precedence below 100, let msExchMailboxGuid flow as the expression AuthoritativeNull, run `Start-ADSyncSyncCycle -PolicyType Initial`, wait until the mailbox is there, and retry the mailbox.',
    actor: 'target-admin',
    aliases: [
      "This user's on-premises mailbox hasn't been migrated to Exchange Online. The Exchange Online mailbox will be available after migration is completed.",
    ],
  },
  TARGET_MAILBOX_NOT_READY: {
    text: 'The target has not made the mailbox.',
    cause: 'The user has a licence, but no mailbox after a day; it is usually there within half an hour.',
    fix: 'Look at the user in the Exchange admin center, remove and assign the licence once more, and retry the mailbox.',
    actor: 'target-admin',
  },
  ROUTING_ADDRESS_MISSING: {
    text: 'The user at the target has no routing address.',
    cause:
      'None of the addresses of the user is in target.deliveryDomain, or in an onmicrosoft.com domain of the organisation: mail could not be forwarded there.',
    fix: 'Add an address such as user@contoso.mail.onmicrosoft.com to proxyAddresses on-premises, let a directory synchronisation run, and retry the mailbox.',
    actor: 'target-admin',
  },
  FORWARDING_CONFLICT: {
    text: 'The source mailbox forwards to somewhere else already.',
    cause: 'targetAddress of the source object holds another address, which we did not set.',
    fix: 'See where the mail of this mailbox should go. Clear targetAddress on-premises and retry the mailbox, or set skipForwarding for it.',
    actor: 'source-admin',
  },
  FORWARDING_LOOP: {
    text: 'Forwarding would send the mail in a circle.',
    cause:
      'The routing address is an address of the source mailbox itself or in one of the domains of the batch, or the target has no mailbox that would keep the mail.',
    fix: 'Give target.deliveryDomain (a domain such as contoso.mail.onmicrosoft.com that only the target serves) and retry the mailbox.',
    actor: 'admin',
  },
  CONVERSION_REFUSED: {
    text: 'The source mailbox is not made a mail-enabled user yet.',
    cause: 'The mailbox is not through, or the directory is not as it should be; the message says which.',
    fix: 'Complete the batch, see that mail is forwarded, and ask for the conversion again.',
    actor: 'admin',
  },
  WORKERS_LIMITED: {
    text: 'The AWS account runs fewer functions at once than the batch has mailboxes open.',
    cause:
      "Every mailbox that is open is a running function, and the account's concurrency (10 in new accounts) is less.",
    fix: 'Raise the quota "Concurrent executions" of AWS Lambda in Service Quotas, or lower maxConcurrentMigrations of the endpoint; then start the batch again.',
    actor: 'operator',
  },
  API_ACCESS_DENIED: {
    text: 'AWS does not let you ask this.',
    cause: 'Your AWS credentials have no permission for this route of the API, or this machine’s clock is wrong.',
    fix: 'Have execute-api:Invoke allowed for your user or role (docs/deploy.md, "Who may ask"); `aws sts get-caller-identity` shows who you are.',
    actor: 'operator',
  },
  TARGET_ALTERS_MESSAGES: {
    text: 'The first message came out at the target otherwise than it was written.',
    cause:
      'Each mailbox of Exchange Online is written one message first, which is read back: it was a draft, or had another date or read state. Microsoft changed how messages are created, or a rule of the organisation changes them.',
    fix: 'Nothing more was written and the message was removed. Set `mail` of the endpoint to imap and start the mailbox again; report it with the words of the message.',
    actor: 'operator',
  },
  SERVER_MISBEHAVES: {
    text: 'The server answered in a way the protocol does not allow.',
    cause: 'A defect of the server or of something between (a proxy, a filter), or an answer we do not understand.',
    fix: 'The mailbox is tried again. If it stays, report it with the words of the message and the name and version of the server.',
    actor: 'operator',
  },
  UNEXPECTED: {
    text: 'Something unexpected went wrong.',
    cause: 'An error that none of the known causes explains: most likely a defect of Stagecoach.',
    fix: 'Start the batch again: it goes on where it stood. Report the error with the log of that time.',
    actor: 'operator',
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof errorCatalogue;
