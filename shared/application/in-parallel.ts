/** With 5 ms a write, 50,000 mailboxes of three writes take under half a minute; one after another, a quarter of an hour. */
export const atATime = 32;

/**
 * Works on the members of a stream, 32 at a time, so that waiting for one write does not hold up the next. Rejects with
 * the first failure, once all that was begun has ended.
 */
export async function inParallel<Member>(
  members: AsyncIterable<Member> | Iterable<Member>,
  work: (member: Member) => Promise<unknown>,
): Promise<void> {
  const underWay = new Set<Promise<unknown>>();
  const failures: unknown[] = [];
  for await (const member of members) {
    if (failures.length > 0) break;
    const one: Promise<unknown> = work(member)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => underWay.delete(one));
    underWay.add(one);
    if (underWay.size >= atATime) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  if (failures.length > 0) throw failures[0];
}
