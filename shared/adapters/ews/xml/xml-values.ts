/** xs:boolean, https://www.w3.org/TR/xmlschema-2/#boolean: also `1` and `0`. */
export function isTrueText(text: string | undefined): boolean {
  const value = text?.trim();
  return value === 'true' || value === '1';
}

/** Not what is not said: where nothing is said, there is nothing more to ask for. */
export function isFalseText(text: string | undefined): boolean {
  const value = text?.trim();
  return value === 'false' || value === '0';
}

/**
 * xs:dateTime, https://www.w3.org/TR/xmlschema-2/#dateTime: a moment without a zone is one of UTC, as EWS has all its own.
 * Undefined: it is none.
 */
export function momentOfText(text: string | undefined): Date | undefined {
  const value = (text ?? '').trim();
  const isZoneless = /T[\d:.]+$/.test(value);
  const date = new Date(isZoneless ? `${value}Z` : value);
  return Number.isNaN(date.getTime()) ? undefined : date;
}
