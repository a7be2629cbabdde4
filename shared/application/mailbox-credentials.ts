import type { MailboxJob } from '../domain/mailbox-job.ts';
import type { MailboxCredentials } from '../ports/mail-source.ts';
import { openPassword, passwordContext } from './sealed-password.ts';
import type { Services } from './services.ts';

type Signing = Pick<
  MailboxJob,
  'batch' | 'id' | 'mailbox' | 'userName' | 'userRoot' | 'targetUserName' | 'preparation'
>;

/** Signs in at the source as the row says: UserName, Password, below UserRoot. */
export async function sourceCredentials(
  services: Pick<Services, 'store' | 'sealer'>,
  job: Signing,
): Promise<MailboxCredentials> {
  return {
    emailAddress: job.mailbox,
    userName: job.userName === '' ? job.mailbox : job.userName,
    password: await openPassword(services, passwordContext(job, 'source')),
    userRoot: job.userRoot ?? undefined,
  };
}

/** Signs in at the target as TargetUserName, as the user that preparation found, or as EmailAddress; without TargetPassword the row's Password is used. */
export async function targetCredentials(
  services: Pick<Services, 'store' | 'sealer'>,
  job: Signing,
): Promise<MailboxCredentials> {
  return {
    emailAddress: job.mailbox,
    userName: job.targetUserName ?? job.preparation?.targetUser ?? job.mailbox,
    password:
      (await openPassword(services, passwordContext(job, 'target'))) ??
      (await openPassword(services, passwordContext(job, 'source'))),
  };
}
