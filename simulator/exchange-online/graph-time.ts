/** As Graph writes times of mailboxes: UTC, whole seconds. */
export function graphTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}
