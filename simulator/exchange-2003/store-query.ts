/** A query of the Exchange store: `SELECT ... FROM SCOPE('SHALLOW TRAVERSAL OF "..."') WHERE ... ORDER BY ...`. */
export interface StoreQuery {
  readonly columns: readonly { readonly name: string; readonly alias: string | undefined }[];
  readonly traversal: 'SHALLOW' | 'DEEP';
  /** As written: a path or a whole address. */
  readonly scope: string;
  readonly matches: (row: Row) => boolean;
  readonly order: readonly { readonly name: string; readonly descending: boolean }[];
  /** Everything but the columns: what a collblob is bound to. */
  readonly bound: string;
}

/** Value of a property by its name, `DAV:isfolder`; undefined: there is none. */
export type Row = (name: string) => string | undefined;

type Token = { readonly kind: 'name' | 'text' | 'word' | 'sign'; readonly value: string };

/** Undefined: it is none that this store understands. */
export function parseQuery(sql: string): StoreQuery | undefined {
  try {
    return new QueryParser(tokensOf(sql)).query();
  } catch (error) {
    if (error instanceof QueryError) return undefined;
    throw error;
  }
}

class QueryError extends Error {}

function tokensOf(sql: string): readonly Token[] {
  const tokens: Token[] = [];
  const pattern = /\s*(?:"([^"]*)"|'((?:[^']|'')*)'|([A-Za-z_][\w.]*|\d[\w.:-]*)|(<>|!=|<=|>=|[=<>(),*]))/gy;
  const text = sql.trim();
  let at = 0;
  while (at < text.length) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found === null) throw new QueryError(text.slice(at));
    const [, name, literal, word, sign] = found;
    if (name !== undefined) tokens.push({ kind: 'name', value: name });
    else if (literal !== undefined) tokens.push({ kind: 'text', value: literal.replaceAll("''", "'") });
    else if (word !== undefined) tokens.push({ kind: 'word', value: word });
    else tokens.push({ kind: 'sign', value: sign ?? '' });
    at = pattern.lastIndex;
  }
  return tokens;
}

class QueryParser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  query(): StoreQuery {
    this.#need('SELECT');
    const columns = this.#columns();
    const from = this.#at;
    this.#need('FROM');
    this.#need('SCOPE');
    this.#need('(');
    const [, depth = '', scope = ''] =
      /^\s*(SHALLOW|DEEP)\s+TRAVERSAL\s+OF\s+"(.*)"\s*$/is.exec(this.#next().value) ?? [];
    if (depth === '') throw new QueryError('scope');
    this.#need(')');
    const matches = this.#take('WHERE') ? this.#or() : () => true;
    const order = this.#take('ORDER') ? this.#order() : [];
    if (this.#at < this.#tokens.length) throw new QueryError('end');
    const bound = this.#tokens.slice(from).map(({ value }) => value);
    return {
      columns,
      traversal: depth.toUpperCase() === 'DEEP' ? 'DEEP' : 'SHALLOW',
      scope,
      matches,
      order,
      bound: bound.join(' '),
    };
  }

  #columns(): StoreQuery['columns'] {
    const columns: StoreQuery['columns'][number][] = [];
    do {
      const { value: name } = this.#next();
      columns.push({ name, alias: this.#take('AS') ? this.#next().value : undefined });
    } while (this.#take(','));
    return columns;
  }

  #order(): StoreQuery['order'] {
    this.#need('BY');
    const order: StoreQuery['order'][number][] = [];
    do {
      const { value: name } = this.#next();
      const descending = this.#take('DESC');
      if (!descending) this.#take('ASC');
      order.push({ name, descending });
    } while (this.#take(','));
    return order;
  }

  #or(): (row: Row) => boolean {
    const parts = [this.#and()];
    while (this.#take('OR')) parts.push(this.#and());
    return (row) => parts.some((part) => part(row));
  }

  #and(): (row: Row) => boolean {
    const parts = [this.#not()];
    while (this.#take('AND')) parts.push(this.#not());
    return (row) => parts.every((part) => part(row));
  }

  #not(): (row: Row) => boolean {
    if (this.#take('NOT')) {
      const inner = this.#not();
      return (row) => !inner(row);
    }
    if (this.#take('(')) {
      const inner = this.#or();
      this.#need(')');
      return inner;
    }
    return this.#comparison();
  }

  #comparison(): (row: Row) => boolean {
    const { value: name } = this.#next();
    const operator = this.#next().value.toUpperCase();
    if (operator === 'IS') {
      const isNegated = this.#take('NOT');
      this.#need('NULL');
      return (row) => (row(name) === undefined) !== isNegated;
    }
    const wanted = this.#literal();
    if (operator === 'LIKE') return (row) => likeness(wanted).test(row(name) ?? '');
    const holds = operators[operator];
    if (holds === undefined) throw new QueryError(operator);
    return (row) => {
      const value = row(name);
      return value !== undefined && holds(compare(value, wanted));
    };
  }

  /** `true`, `7`, `'text'`, `CAST("2026-01-01T00:00:00Z" as 'dateTime')`. */
  #literal(): string {
    if (!this.#take('CAST')) return this.#next().value;
    this.#need('(');
    const { value } = this.#next();
    this.#need('AS');
    this.#next();
    this.#need(')');
    return value;
  }

  #next(): Token {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new QueryError('end');
    this.#at += 1;
    return token;
  }

  #take(word: string): boolean {
    const token = this.#tokens[this.#at];
    const isIt = (token?.kind === 'word' || token?.kind === 'sign') && token.value.toUpperCase() === word;
    if (isIt) this.#at += 1;
    return isIt;
  }

  #need(word: string): void {
    if (!this.#take(word)) throw new QueryError(word);
  }
}

const operators: Readonly<Record<string, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '<>': (order) => order !== 0,
  '!=': (order) => order !== 0,
  '<': (order) => order < 0,
  '>': (order) => order > 0,
  '<=': (order) => order <= 0,
  '>=': (order) => order >= 0,
};

/** Numbers as numbers, truth values in both spellings, the rest as text. */
export function compare(a: string, b: string): number {
  const [left, right] = [plain(a), plain(b)];
  const [x, y] = [Number(left), Number(right)];
  if (left !== '' && right !== '' && Number.isFinite(x) && Number.isFinite(y)) return x - y;
  return left === right ? 0 : left < right ? -1 : 1;
}

function plain(value: string): string {
  const lower = value.toLowerCase();
  if (lower === 'true') return '1';
  return lower === 'false' ? '0' : lower;
}

function likeness(pattern: string): RegExp {
  const source = pattern.split('%').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${source.join('[\\s\\S]*')}$`, 'i');
}
