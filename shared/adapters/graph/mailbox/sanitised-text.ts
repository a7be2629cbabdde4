/** Text that Graph takes: control characters and half surrogate pairs make the whole request invalid to it. */

/** One line. */
export function oneLine(text: string): string {
  return (
    text
      .toWellFormed()
      // eslint-disable-next-line no-control-regex -- they are what is taken out
      .replace(/[\x00-\x1f\x7f\u0085\u2028\u2029]+/g, ' ')
      .trim()
  );
}

/** Lines and tabs stay. */
export function manyLines(text: string): string {
  // eslint-disable-next-line no-control-regex -- they are what is taken out
  return text.toWellFormed().replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]/g, '');
}

/** At most `most` UTF-16 units, never half a pair. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = /[\ud800-\udbff]/.test(text.charAt(most - 1)) ? most - 1 : most;
  return text.slice(0, end);
}

/** A name that a file can have in every system; '' where nothing of it is left. */
export function fileName(name: string): string {
  const plain = oneLine(name)
    .replace(/[\\/:*?"<>|]/g, '_')
    .replace(/[. ]+$/, '');
  if (plain.length <= mostNameLength) return plain;
  const ending = /\.[A-Za-z0-9]{1,8}$/.exec(plain)?.[0] ?? '';
  return shortened(plain, mostNameLength - ending.length) + ending;
}

const mostNameLength = 200;
