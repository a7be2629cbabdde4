import { badRequest } from '../graph-failure.ts';
import { filterTokens, type FilterToken } from './filter-tokens.ts';

export type FilterLiteral = {
  readonly kind: 'literal';
  readonly type: 'string' | 'number' | 'time' | 'boolean' | 'null';
  readonly value: string | number | boolean | null;
};
export type FilterOperand =
  | FilterLiteral
  | { readonly kind: 'path'; readonly path: readonly string[] }
  | { readonly kind: 'call'; readonly name: string; readonly operands: readonly FilterOperand[] };

export type FilterExpression =
  | { readonly kind: 'and' | 'or'; readonly left: FilterExpression; readonly right: FilterExpression }
  | { readonly kind: 'not'; readonly of: FilterExpression }
  | {
      readonly kind: 'compare';
      readonly operator: Comparison;
      readonly left: FilterOperand;
      readonly right: FilterOperand;
    }
  | { readonly kind: 'in'; readonly left: FilterOperand; readonly among: readonly FilterOperand[] }
  | {
      readonly kind: 'any' | 'all';
      readonly path: readonly string[];
      readonly variable: string;
      readonly holds: FilterExpression;
    }
  | { readonly kind: 'truth'; readonly of: FilterOperand };

export type Comparison = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le';
const comparisons: ReadonlySet<string> = new Set<Comparison>(['eq', 'ne', 'gt', 'ge', 'lt', 'le']);

/** Reads $filter (OData 4.01 section 5.1.1, the part that Graph's mailboxes and users know). */
export function parseFilter(filter: string): FilterExpression {
  const parser = new FilterParser(filter);
  return parser.whole();
}

class FilterParser {
  readonly #text: string;
  readonly #tokens: readonly FilterToken[];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = filterTokens(text);
  }

  whole(): FilterExpression {
    const expression = this.#or();
    if (this.#at < this.#tokens.length) throw this.#wrong();
    return expression;
  }

  #or(): FilterExpression {
    let left = this.#and();
    while (this.#takes('or')) left = { kind: 'or', left, right: this.#and() };
    return left;
  }

  #and(): FilterExpression {
    let left = this.#unary();
    while (this.#takes('and')) left = { kind: 'and', left, right: this.#unary() };
    return left;
  }

  #unary(): FilterExpression {
    if (this.#takes('not')) return { kind: 'not', of: this.#unary() };
    if (this.#takes('(')) {
      const inner = this.#or();
      this.#demand(')');
      return inner;
    }
    return this.#lambda() ?? this.#comparison();
  }

  #lambda(): FilterExpression | undefined {
    const token = this.#tokens[this.#at];
    const path = token?.kind === 'name' ? token.text.split('/') : [];
    const last = path.at(-1)?.toLowerCase();
    if (path.length < 2 || (last !== 'any' && last !== 'all')) return undefined;
    this.#at += 1;
    this.#demand('(');
    const variable = this.#next();
    this.#demand(':');
    const holds = this.#or();
    this.#demand(')');
    return { kind: last, path: path.slice(0, -1), variable: variable.text, holds };
  }

  #comparison(): FilterExpression {
    const left = this.#operand();
    const operator = this.#tokens[this.#at];
    if (operator?.kind === 'name' && isComparison(operator.text)) {
      this.#at += 1;
      return { kind: 'compare', operator: operator.text, left, right: this.#operand() };
    }
    if (this.#takes('in')) {
      this.#demand('(');
      return { kind: 'in', left, among: this.#operandsUntilClosed() };
    }
    return { kind: 'truth', of: left };
  }

  #operand(): FilterOperand {
    const token = this.#next();
    if (token.kind === 'string' || token.kind === 'time')
      return { kind: 'literal', type: token.kind, value: token.text };
    if (token.kind === 'number') return { kind: 'literal', type: 'number', value: Number(token.text) };
    if (token.kind === 'sign') throw this.#wrong();
    if (token.text === 'null') return { kind: 'literal', type: 'null', value: null };
    if (token.text === 'true' || token.text === 'false')
      return { kind: 'literal', type: 'boolean', value: token.text === 'true' };
    if (this.#takes('('))
      return { kind: 'call', name: token.text.toLowerCase(), operands: this.#operandsUntilClosed() };
    return { kind: 'path', path: token.text.split('/') };
  }

  #operandsUntilClosed(): readonly FilterOperand[] {
    const operands = [this.#operand()];
    while (this.#takes(',')) operands.push(this.#operand());
    this.#demand(')');
    return operands;
  }

  #takes(text: string): boolean {
    const token = this.#tokens[this.#at];
    if (token === undefined || token.kind === 'string' || token.text !== text) return false;
    this.#at += 1;
    return true;
  }

  #demand(text: string): void {
    if (!this.#takes(text)) throw this.#wrong();
  }

  #next(): FilterToken {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw this.#wrong();
    this.#at += 1;
    return token;
  }

  #wrong(): Error {
    return badRequest(`Invalid filter clause: ${this.#text}`);
  }
}

function isComparison(text: string): text is Comparison {
  return comparisons.has(text);
}
