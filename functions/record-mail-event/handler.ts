import { z } from 'zod';
import { SesMailEvent } from '../../shared/adapters/aws/ses-event.ts';
import { recordMailEvent } from '../../shared/application/record-mail-event.ts';
import { batchStore } from '../container.ts';
import { log } from '../middleware/logger.ts';
import { parseEnvironment } from '../middleware/parse-environment.ts';
import { serviceHandler } from '../middleware/service-handler.ts';
import { Environment } from './env.ts';

const services = { store: batchStore(parseEnvironment(Environment)), log };

/** EventBridge's "Email Bounced" and "Email Complaint Received" of our configuration set. */
const MailEventNotice = z.object({ detail: SesMailEvent });

export const handler = serviceHandler(MailEventNotice, async ({ detail }) => ({
  outcome: await recordMailEvent(services, detail),
}));
