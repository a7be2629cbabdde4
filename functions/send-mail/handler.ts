import { sendBatchMail } from '../../shared/application/send-batch-mail.ts';
import { MailInput } from '../../shared/domain/workflow-steps.ts';
import { mailServices } from '../mail-services.ts';
import { parseEnvironment } from '../middleware/parse-environment.ts';
import { serviceHandler } from '../middleware/service-handler.ts';
import { Environment } from './env.ts';

const env = parseEnvironment(Environment);
const services = mailServices(env);

export const handler = serviceHandler(MailInput, (input) => sendBatchMail(services, input));
