const longestText = 300;

/** Words of a server for a report: one line, no control characters, bounded. */
export function shortText(text: string): string {
  return bounded(oneLine(text));
}

/** The same without the addresses and the queries of links that some servers put into their words. */
export function shortTextWithoutAddresses(text: string): string {
  const without = oneLine(text)
    .replace(/[^\s<>,;:"']+@[^\s<>,;:"']+/g, '(address)')
    .replace(/(https?:\/\/[^\s?"']+)\?[^\s"']*/g, '$1');
  return bounded(without.trim());
}

function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- they are what is taken out
  return text.replace(/[\x00-\x1f\x7f]+/g, ' ').trim();
}

function bounded(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText)}...` : text;
}
