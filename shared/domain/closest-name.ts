/** Letters and digits only, so that `Email Address`, `email_address` and `E-Mail Address` are the same word. */
export const bareWord = (text: string): string => text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');

/** Number of letters to insert, delete, replace or swap to get from one word to the other (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (last[column] ?? Infinity) + 1,
        (current[column - 1] ?? Infinity) + 1,
        (last[column - 1] ?? Infinity) + (same ? 0 : 1),
      );
      if (column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        cost = Math.min(cost, (beforeLast[column - 2] ?? Infinity) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? Infinity;
}

/**
 * The name that was probably meant: the same letters, or at most one typing error in five letters. Undefined where
 * nothing is near, so that nobody is sent astray.
 */
export function closestName<Name extends string>(written: string, names: readonly Name[]): Name | undefined {
  const word = bareWord(written);
  if (word === '' || word.length > 64) return undefined;
  let best: { readonly name: Name; readonly distance: number } | undefined;
  for (const name of names) {
    const distance = editDistance(word, bareWord(name));
    if (distance <= Math.max(1, Math.floor(name.length / 5)) && distance < (best?.distance ?? Infinity))
      best = { name, distance };
  }
  return best?.name;
}
