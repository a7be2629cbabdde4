import type { Endpoint, ExchangeServer, Login } from './endpoint.ts';

export interface NamedSecret {
  /** `source.login.secret` */
  readonly setting: string;
  readonly reference: string;
}

/** Every secret that an endpoint refers to, by the setting that names it. */
export function secretReferences(endpoint: Endpoint): readonly NamedSecret[] {
  const { source, target, directory } = endpoint;
  return [
    ...named('source.login', secretsOf(source.login)),
    ...(target.kind === 'exchange-online' ? named('target', target) : named('target.login', secretsOf(target.login))),
    ...named('directory', directory ?? {}),
  ];
}

/** Settings that hold secrets, wherever they stand. */
interface Secrets {
  readonly secret?: string | undefined;
  readonly certificate?: string | undefined;
}

function secretsOf(login: Login | ExchangeServer['login']): Secrets {
  return login.mode === 'user' ? {} : login;
}

function named(setting: string, holder: Secrets): readonly NamedSecret[] {
  return (['secret', 'certificate'] as const).flatMap((name) => {
    const reference = holder[name];
    return reference === undefined ? [] : [{ setting: `${setting}.${name}`, reference }];
  });
}
