/**
 * Seals passwords (AES-256-GCM under a data key; `context` is bound in as additional data, so that a sealed password
 * opens only for the job it was sealed for).
 */
export interface Sealer {
  seal(plain: string, context: string): Promise<string>;
  /** Rejects with ConfigurationError SEALED_PASSWORD_UNREADABLE when key or context do not fit. */
  open(sealed: string, context: string): Promise<string>;
}

/** Opens a secret by reference (env:, file:, secretsmanager:). ConfigurationError SECRET_NOT_FOUND names the reference. */
export type SecretReader = (reference: string) => Promise<string>;
