/**
 * Objects by key: S3, or files. Keys begin with `incoming/`, `work/`, `reports/` or `ledger/`; each prefix is a grant of
 * its own.
 */
export interface ObjectStore {
  /**
   * Write-once (If-None-Match: * / O_EXCL), durable when it resolves. Resolves `created`, or `exists` with nothing
   * written. An SDK repeats a write whose reply was lost: who gets `exists` compares hashes when it matters.
   */
  create(key: string, octets: Uint8Array): Promise<'created' | 'exists'>;

  /**
   * Overwrites: for reports, which are computed anew. Durable when it resolves, with the version that was written: who
   * removes the object must name it, or it stays below what was put on top. '' where no versions are kept.
   */
  put(key: string, octets: Uint8Array, contentType?: string): Promise<string>;

  /** undefined: no such object. `version`: that version of it. */
  get(key: string, version?: string): Promise<Uint8Array | undefined>;

  /** The same as a stream, for uploads; undefined: no such object. */
  stream(key: string, version?: string): Promise<AsyncIterable<Uint8Array> | undefined>;

  /** Keys below a prefix, in order. */
  list(prefix: string): AsyncIterable<string>;

  /** Deletes one object, at one version where given; absent is success. */
  remove(key: string, version?: string): Promise<void>;

  /** Path or s3:// URI that a person can open. */
  locate(key: string): string;
}
