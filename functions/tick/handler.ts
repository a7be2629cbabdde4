import { z } from 'zod';
import { tick } from '../../shared/application/tick.ts';
import { sendDigest, sendOpenMails } from '../../shared/application/send-batch-mail.ts';
import { workflow } from '../container.ts';
import { mailServices } from '../mail-services.ts';
import { parseEnvironment } from '../middleware/parse-environment.ts';
import { serviceHandler } from '../middleware/service-handler.ts';
import { Environment } from './env.ts';

const env = parseEnvironment(Environment);
const services = { ...mailServices(env), workflow: workflow(env) };

/** Whatever called it (schedule, or an execution that ended), it looks after every batch. */
export const handler = serviceHandler(z.unknown(), () =>
  tick(services, {
    sendOpenMails: (batch) => sendOpenMails(services, batch),
    sendDigest: (batch) => sendDigest(services, batch),
  }),
);
