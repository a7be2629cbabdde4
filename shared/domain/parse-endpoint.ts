import type { z } from 'zod';
import { closestName } from './closest-name.ts';
import { Directory, Endpoint, ExchangeOnline } from './endpoint.ts';
import { parseOptions } from './options.ts';

/** A setting that is wrong, by its path in the endpoint file. */
export interface SettingProblem {
  /** `source.login.secret`; '' for the file as a whole. */
  readonly setting: string;
  readonly message: string;
}

export type ParsedEndpoint =
  | { readonly outcome: 'parsed'; readonly endpoint: Endpoint }
  | { readonly outcome: 'invalid'; readonly problems: readonly SettingProblem[] };

/** Reads an endpoint as an admin wrote it; all that is wrong at once, each named by its setting, without its value. */
export function parseEndpoint(written: unknown): ParsedEndpoint {
  const parsed = Endpoint.safeParse(written);
  if (!parsed.success) return { outcome: 'invalid', problems: parsed.error.issues.flatMap(problemsOf) };
  const unfound = addressProblem(parsed.data);
  if (unfound !== undefined) return { outcome: 'invalid', problems: [unfound] };
  const { problems } = parseOptions(parsed.data.defaults, 'endpoint');
  if (problems.length === 0) return { outcome: 'parsed', endpoint: parsed.data };
  return {
    outcome: 'invalid',
    problems: problems.map(({ name, message, suggestion }) => ({
      setting: `defaults.${name}`,
      message: `${message} ${suggestion}`,
    })),
  };
}

/** A stored endpoint has both, once Autodiscover has found the address; a file has one of them. */
function addressProblem({ source }: Endpoint): SettingProblem | undefined {
  if (source.kind !== 'exchange') return undefined;
  const { ewsUrl, webdavUrl, autodiscover, login, auth, access } = source;
  const given = [ewsUrl === '' ? undefined : ewsUrl, webdavUrl, autodiscover].filter((one) => one !== undefined);
  if (given.length !== 1)
    return { setting: 'source.ewsUrl', message: 'give exactly one of ewsUrl, autodiscover and webdavUrl' };
  if (webdavUrl === undefined && auth === 'forms')
    return {
      setting: 'source.auth',
      message: 'forms is of webdavUrl alone: Exchange Web Services have basic and ntlm',
    };
  if (webdavUrl !== undefined && access === 'impersonation')
    return { setting: 'source.access', message: 'WebDAV has no impersonation: give the account Full Access' };
  if (autodiscover === undefined || login.mode !== 'user') return undefined;
  const message = 'it is asked with the account of an administrator: give ewsUrl where each row has its own password';
  return { setting: 'source.autodiscover', message };
}

function problemsOf(issue: z.core.$ZodIssue): readonly SettingProblem[] {
  const path = issue.path.map(String);
  if (issue.code !== 'unrecognized_keys') return [{ setting: path.join('.'), message: issue.message }];
  return issue.keys.map((key) => ({ setting: [...path, key].join('.'), message: unknownSetting(path, key) }));
}

const settingNames = [
  ...Object.keys(Endpoint.shape),
  ...[
    'host',
    'port',
    'security',
    'tls',
    'login',
    'compress',
    'keeps',
    'kind',
    'mode',
    'user',
    'secret',
    'style',
    'template',
    'ewsUrl',
    'autodiscover',
    'webdavUrl',
    'auth',
    'access',
  ],
  ...Object.keys(ExchangeOnline.shape),
  ...Object.keys(Directory.shape),
  ...['caFile', 'serverName', 'minVersion', 'acceptUntrusted', 'tokenUrl', 'clientId', 'certificate', 'scope'],
];

function unknownSetting(path: readonly string[], key: string): string {
  if (/^pass(word|wd)?$/i.test(key) && path.includes('login'))
    return 'a password does not belong into the file: give secret, a reference such as env:NAME or file:PATH';
  const meant = closestName(key, settingNames);
  return meant === undefined ? 'there is no such setting' : `there is no such setting; did you mean ${meant}?`;
}
