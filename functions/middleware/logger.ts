import { Logger as PowertoolsLogger } from '@aws-lambda-powertools/logger';
import type { Logger } from '../../shared/ports/logger.ts';

/** One a process; what is attached to it is in every line of the invocation. */
export const powertools = new PowertoolsLogger();

/** The program's log, as JSON lines in CloudWatch. */
export const log: Logger = {
  debug: (message, facts = {}) => powertools.debug(message, { ...facts }),
  info: (message, facts = {}) => powertools.info(message, { ...facts }),
  warn: (message, facts = {}) => powertools.warn(message, { ...facts }),
  error: (message, facts = {}) => powertools.error(message, { ...facts }),
};
