/**
 * Paths of resources, percent-encoded as they go over the wire. Hrefs of Exchange name the server by whatever name it has
 * for itself, a back-end's or without TLS behind a proxy: what counts is their path, and ours is the server.
 */
export function pathOf(href: string): string {
  const path = href.trim().replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '');
  return encodeOdd(path === '' ? '/' : path);
}

/**
 * Exchange leaves characters as they are that a request line must not hold, and a name may end in a per cent sign. What
 * is encoded already stays.
 */
function encodeOdd(path: string): string {
  return path
    .replace(/%(?![0-9a-f]{2})/gi, '%25')
    .replace(/[^\x21-\x7e]+|["<>\\^`{|}#?]/g, (odd) => encodeURIComponent(odd.toWellFormed()));
}

/** One name as a segment of a path. */
export function segment(name: string): string {
  return encodeURIComponent(name.toWellFormed());
}

export function withSlash(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}

function withoutSlash(path: string): string {
  return path.replace(/\/+$/, '');
}

export function parentOf(path: string): string {
  return withoutSlash(path).replace(/\/[^/]*$/, '');
}

/** The last segment, as it goes over the wire. */
export function nameIn(path: string): string {
  return withoutSlash(path).replace(/^.*\//, '');
}

/** The same for every spelling of a path: Exchange does not tell names apart by upper and lower case. */
export function pathKey(path: string): string {
  return decoded(withoutSlash(path)).toLowerCase();
}

/** As the path stands in the SCOPE of a query: decoded, but where that could be read in two ways. */
export function scopeOf(path: string): string {
  const plain = decoded(withoutSlash(path));
  return /[%"\\]/.test(plain) ? withoutSlash(path) : plain;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // Octets that are no UTF-8: such a path is compared as it is written.
    return path;
  }
}

const flatSpace = '/-FlatUrlSpace-/';

/**
 * Where an item is read, as it is kept: below the mailbox's root by its permanent URL, which no renaming changes; by its
 * name in its folder where it has none.
 */
export function keptUrl(href: string, permanent: string | undefined): string {
  const path = permanent === undefined ? '' : pathOf(permanent);
  const at = path.indexOf(flatSpace);
  return at === -1 ? `./${nameIn(pathOf(href))}` : path.slice(at + 1);
}

/** The other way round: paths that lead to an item. */
export function itemPath(url: string, { root, folder }: { readonly root: string; readonly folder: string }): string {
  return url.startsWith('./') ? `${withSlash(folder)}${url.slice(2)}` : `${withSlash(root)}${url}`;
}
