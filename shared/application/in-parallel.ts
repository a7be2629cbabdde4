/**
 * Works on the members of a stream, at most `limit` at a time, so that waiting for one write does not hold up the next.
 * Rejects with the first failure, once all that was begun has ended.
 */
export async function inParallel<Member>(
  members: AsyncIterable<Member> | Iterable<Member>,
  limit: number,
  work: (member: Member) => Promise<void>,
): Promise<void> {
  const underWay = new Set<Promise<void>>();
  const failures: unknown[] = [];
  for await (const member of members) {
    if (failures.length > 0) break;
    const one: Promise<void> = work(member)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => underWay.delete(one));
    underWay.add(one);
    if (underWay.size >= limit) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  if (failures.length > 0) throw failures[0];
}
