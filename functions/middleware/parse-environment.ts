import type { z } from 'zod';

/**
 * The function's variables, parsed once, at cold start: a deployment that forgot one fails before it takes a batch, and
 * says which. Values are not repeated, only names.
 */
export function parseEnvironment<Schema extends z.ZodObject>(schema: Schema): z.output<Schema> {
  const parsed = schema.safeParse(process.env);
  if (parsed.success) return parsed.data;
  const names = parsed.error.issues.map((issue) => issue.path.join('.'));
  throw new Error(`These environment variables are missing or not valid: ${names.join(', ')}`);
}
