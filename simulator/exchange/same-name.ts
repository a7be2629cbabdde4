/** Exchange does not tell upper from lower case in names and addresses. */
export function isSameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
