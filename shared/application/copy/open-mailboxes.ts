import type { Endpoint } from '../../domain/endpoint.ts';
import type { MailboxCredentials } from '../../ports/mail-source.ts';
import type { Services } from '../services.ts';
import type { OpenMailboxes } from './copy-context.ts';

/** Opens both mailboxes, or none: what is open when the other one fails is closed. */
export async function openMailboxes(
  services: Pick<Services, 'mailSource' | 'mailTarget'>,
  request: {
    readonly endpoint: Endpoint;
    readonly signInAtSource: MailboxCredentials;
    readonly signInAtTarget: MailboxCredentials;
    readonly signal: AbortSignal;
  },
): Promise<OpenMailboxes> {
  const { endpoint, signal } = request;
  const [source, target] = await Promise.allSettled([
    services.mailSource(endpoint).open(request.signInAtSource, signal),
    services.mailTarget(endpoint).open(request.signInAtTarget, signal),
  ]);
  if (source.status === 'fulfilled' && target.status === 'fulfilled') {
    return agree({ source: source.value, target: target.value });
  }
  const open = [source, target].flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
  await Promise.allSettled(open.map((mailbox) => mailbox.close()));
  for (const end of [source, target]) if (end.status === 'rejected') throw end.reason;
  throw new Error('A mailbox is neither open nor refused');
}

/** Items are exported where the source can, the target takes them, and neither asks the other for anything else. */
async function agree(open: OpenMailboxes): Promise<OpenMailboxes> {
  const { source, target } = open;
  if (source.exportItems === undefined || target.takeExports === undefined) return open;
  try {
    source.exportItems(await target.takeExports());
    return open;
  } catch (error) {
    await Promise.allSettled([source.close(), target.close()]);
    throw error;
  }
}
