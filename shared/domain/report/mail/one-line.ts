/** Texts of servers and names in files come from strangers: none may begin a line of its own in a mail or its header. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}
