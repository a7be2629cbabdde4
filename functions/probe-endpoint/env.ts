import { z } from 'zod';

/** It keeps nothing: what to look at comes with the request. */
export const Environment = z.object({});
