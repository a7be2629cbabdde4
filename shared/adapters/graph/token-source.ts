/** Access tokens of one audience, from memory while they last. */
export interface TokenSource {
  /**
   * `refused`: a token that the far side did not take; another one is then fetched. Rejects with TransientError where
   * the identity provider does not answer, ConfigurationError where it refuses the application.
   */
  token(refused?: string): Promise<string>;
}
