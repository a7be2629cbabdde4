import type { Clock } from '../../shared/ports/clock.ts';
import type { JsonObject } from './json-object.ts';
import type { ImportSessions } from './store/import-sessions.ts';
import type { UploadSessions } from './store/upload-sessions.ts';
import type { Provisioning } from './store/online-user.ts';
import type { PracticeApplication, PracticeTenant } from './store/tenant.ts';

/** What a request asks for by its Prefer headers. */
export interface Preferences {
  readonly immutableIds: boolean;
  readonly maxPageSize: number | undefined;
  readonly timeZone: string | undefined;
}

/** What the routes share. */
export interface GraphServices {
  readonly clock: Clock;
  /** Origin of the simulator. */
  readonly url: string;
  readonly uploads: UploadSessions;
  readonly imports: ImportSessions;
  readonly provisioning: Provisioning;
}

/** A request to Graph, with what was found out about it. */
export interface GraphCall {
  readonly method: string;
  /** Without the version: `/users/anna@contoso.test/messages`. */
  readonly path: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Absolute, without the query. */
  readonly address: string;
  readonly preferences: Preferences;
  readonly contentType: string;
  readonly octets: Buffer;
  /** Of a JSON request; empty without one. */
  readonly body: JsonObject;
  readonly tenant: PracticeTenant;
  readonly application: PracticeApplication;
  readonly services: GraphServices;
}

export interface GraphAnswer {
  readonly status: number;
  readonly body?: JsonObject | Buffer | string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface Route {
  readonly method: string;
  /** `/users/:user/messages/:message` */
  readonly pattern: string;
  /** Any one of them suffices. */
  readonly permissions: readonly string[];
  /** Where other ones do for some bodies. */
  readonly permissionsFor?: ((body: JsonObject) => readonly string[] | undefined) | undefined;
  /** Name of the schema of its JSON body. */
  readonly body?: string | undefined;
  readonly answer: (call: GraphCall) => GraphAnswer | Promise<GraphAnswer>;
}

export function ok(body: JsonObject): GraphAnswer {
  return { status: 200, body };
}

export function created(body: JsonObject): GraphAnswer {
  return { status: 201, body };
}

export const noContent: GraphAnswer = { status: 204 };
