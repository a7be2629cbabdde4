import { recordFailure } from '../../shared/application/record-failure.ts';
import { sendBatchMail } from '../../shared/application/send-batch-mail.ts';
import { mailServices } from '../mail-services.ts';
import { parseEnvironment } from '../middleware/parse-environment.ts';
import { readCause } from '../middleware/reported-error.ts';
import { serviceHandler } from '../middleware/service-handler.ts';
import { Environment } from './env.ts';
import { FailedState } from './failed-state.ts';

const env = parseEnvironment(Environment);
const services = mailServices(env);

export const handler = serviceHandler(FailedState, async ({ error, ...position }) => {
  const cause = error === undefined ? {} : { error: readCause(error) };
  const failed = await recordFailure(services, { ...position, ...cause });
  // An execution that another one superseded has nothing to tell.
  return failed.next === 'fail' ? await sendBatchMail(services, { ...failed, kind: 'refused' }) : failed;
});
