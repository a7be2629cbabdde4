import type { Endpoint } from './endpoint.ts';

export interface NamedSecret {
  /** `source.login.secret` */
  readonly setting: string;
  readonly reference: string;
}

/** Every secret that an endpoint refers to, by the setting that names it. */
export function secretReferences(endpoint: Endpoint): readonly NamedSecret[] {
  return (['source', 'target'] as const).flatMap((side) => {
    const { login } = endpoint[side];
    const at = (setting: 'secret' | 'certificate', reference: string | undefined): readonly NamedSecret[] =>
      reference === undefined ? [] : [{ setting: `${side}.login.${setting}`, reference }];
    switch (login.mode) {
      case 'user':
        return [];
      case 'admin':
        return at('secret', login.secret);
      case 'oauth':
        return [...at('secret', login.secret), ...at('certificate', login.certificate)];
    }
  });
}
