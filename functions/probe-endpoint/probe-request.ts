import { z } from 'zod';
import { Endpoint } from '../../shared/domain/endpoint.ts';

const Mailbox = z.object({
  emailAddress: z.string(),
  userName: z.string(),
  password: z.string().optional(),
  userRoot: z.string().optional(),
});

/** An endpoint, stored or about to be, and the mailboxes to sign in to. */
export const ProbeRequest = z.discriminatedUnion('look', [
  z.object({
    look: z.literal('servers'),
    endpoint: Endpoint,
    mailboxes: z.object({ source: Mailbox.optional(), target: Mailbox.optional() }),
  }),
  z.object({ look: z.literal('discovery'), endpoint: Endpoint }),
  z.object({ look: z.literal('directories'), endpoint: Endpoint, sample: z.string().optional() }),
  z.object({ look: z.literal('storage'), endpoint: Endpoint, mailbox: Mailbox }),
]);
