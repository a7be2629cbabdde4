/** A path below the version, its values encoded: graphPath`/users/${id}/messages`. */
export function graphPath(parts: TemplateStringsArray, ...values: readonly string[]): string {
  return String.raw({ raw: parts }, ...values.map((value) => encodeURIComponent(value)));
}

/** A text as OData writes it in a filter (OData 4.01 ABNF: a quote is doubled), not yet encoded for an address. */
export function odataText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** `?$filter=...&$select=...`; what is undefined is left out. */
export function graphQuery(options: Readonly<Record<`$${string}`, string | number | undefined>>): string {
  const said = Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(String(value))}`],
  );
  return said.length === 0 ? '' : `?${said.join('&')}`;
}
