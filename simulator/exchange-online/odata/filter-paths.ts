import { assertNever } from '../../../shared/domain/assert-never.ts';
import type { FilterExpression, FilterOperand } from './filter-expression.ts';

/** Properties that a filter names, in its order. */
export function filterPaths(expression: FilterExpression): readonly string[] {
  switch (expression.kind) {
    case 'and':
    case 'or':
      return [...filterPaths(expression.left), ...filterPaths(expression.right)];
    case 'not':
      return filterPaths(expression.of);
    case 'truth':
      return pathsOf(expression.of);
    case 'in':
      return pathsOf(expression.left);
    case 'compare':
      return [...pathsOf(expression.left), ...pathsOf(expression.right)];
    case 'any':
    case 'all':
      return [expression.path.join('/')];
    default:
      return assertNever(expression);
  }
}

function pathsOf(operand: FilterOperand): readonly string[] {
  if (operand.kind === 'path') return [operand.path.join('/')];
  return operand.kind === 'call' ? operand.operands.flatMap(pathsOf) : [];
}
