import { badRequest } from './graph-failure.ts';

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object at a name; an empty one where there is none. */
export function objectAt(json: JsonObject, name: string): JsonObject {
  const value = json[name];
  return isObject(value) ? value : {};
}

export function objectsAt(json: JsonObject, name: string): readonly JsonObject[] {
  const value = json[name];
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function textAt(json: JsonObject, name: string): string | undefined {
  const value = json[name];
  return typeof value === 'string' ? value : undefined;
}

export function numberAt(json: JsonObject, name: string): number | undefined {
  const value = json[name];
  return typeof value === 'number' ? value : undefined;
}

export function textsAt(json: JsonObject, name: string): readonly string[] {
  const value = json[name];
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

/** 400 for what is no JSON. */
export function parseJson(octets: Buffer): unknown {
  try {
    return JSON.parse(octets.toString());
  } catch (error) {
    throw badRequest(`Unable to read JSON request payload: ${error instanceof Error ? error.name : 'unknown'}.`);
  }
}
