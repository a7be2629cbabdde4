/** An error of Node's own: `code` says what happened, https://nodejs.org/api/errors.html#errorcode */
export function isSystemError(error: unknown): error is { readonly code: string; readonly message: string } {
  if (typeof error !== 'object' || error === null || !('code' in error) || !('message' in error)) return false;
  return typeof error.code === 'string' && typeof error.message === 'string';
}
