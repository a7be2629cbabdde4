import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { badRequest } from '../graph-failure.ts';
import type { JsonObject } from '../json-object.ts';
import { graphSchema } from './graph-schema.ts';

const ajv = new Ajv({ strict: false, allErrors: false }).addSchema(graphSchema, 'graph');
const validators = new Map<string, ValidateFunction>();

/**
 * 400 for a body that Microsoft's published description of Graph does not allow: a property that the type has not, a
 * value of another type.
 */
export function validateBody(type: string, body: JsonObject): void {
  const validate = validators.get(type) ?? ajv.compile({ $ref: `graph#/definitions/${type}` });
  validators.set(type, validate);
  if (validate(body)) return;
  const errors = validate.errors ?? [];
  const unknown = errors.find(({ keyword }) => keyword === 'additionalProperties');
  throw badRequest(unknown === undefined ? wrongValue(errors) : unknownProperty(unknown, type), 'RequestBodyRead');
}

function unknownProperty({ params, instancePath }: ErrorObject, type: string): string {
  const name = String(params['additionalProperty']);
  const where = instancePath === '' ? `microsoft.graph.${type}` : `of ${pathOf(instancePath)}`;
  return `The property '${name}' does not exist on type '${where}'. Make sure to only use property names that are defined by the type.`;
}

/** Names the property, never its value. */
function wrongValue(errors: readonly ErrorObject[]): string {
  const deepest = errors.toSorted((a, b) => b.instancePath.length - a.instancePath.length)[0];
  const wanted = deepest?.keyword === 'enum' ? 'is none of its values' : (deepest?.message ?? 'is malformed');
  const missing = deepest?.keyword === 'required' ? ' One or more parameters or properties are missing.' : '';
  return `Cannot convert the value of '${pathOf(deepest?.instancePath ?? '')}' to the expected type: it ${wanted}.${missing}`;
}

function pathOf(instancePath: string): string {
  return instancePath.slice(1).replaceAll('/', '.');
}
