import { z } from 'zod';
import { routes } from '../../shared/contract/routes.ts';

/** An operation of the API, as the function that answers the API passes it on. */
export const DirectoryRequest = z.discriminatedUnion('operation', [
  z.object({ operation: z.literal('explainStart'), request: routes.explainStart.request }),
  z.object({ operation: z.literal('convertSources'), request: routes.convertSources.request }),
]);
