import type { Services } from '../application/services.ts';

/**
 * What the operations of the API need from the world: no mail server but through the probe, no mail and no password. On
 * AWS, the function that answers the API has no more than that, and cannot reach a directory.
 */
export type OperationServices = Omit<
  Services,
  | 'mailer'
  | 'sealer'
  | 'secrets'
  | 'mailSource'
  | 'mailTarget'
  | 'sourceDirectory'
  | 'targetDirectory'
  | 'outOfOfficeSource'
> &
  Partial<Pick<Services, 'sourceDirectory' | 'targetDirectory'>>;
