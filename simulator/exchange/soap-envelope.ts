/** ServerVersionInfo of the versions that can be played, with the schemas that they know. */
export const exchangeVersions = {
  '2007SP1': { major: 8, minor: 1, build: 240, schemas: ['Exchange2007', 'Exchange2007_SP1'] },
  '2010SP1': {
    major: 14,
    minor: 1,
    build: 218,
    schemas: ['Exchange2007', 'Exchange2007_SP1', 'Exchange2010', 'Exchange2010_SP1'],
  },
} as const;

export type ExchangeVersion = keyof typeof exchangeVersions;

const soap = 'http://schemas.xmlsoap.org/soap/envelope/';
const services = 'http://schemas.microsoft.com/exchange/services/2006';

/** What is answered, around the body of an operation's answer. */
export function soapEnvelope(version: ExchangeVersion, body: string): string {
  const { major, minor, build } = exchangeVersions[version];
  return (
    `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="${soap}">` +
    `<s:Header><h:ServerVersionInfo MajorVersion="${String(major)}" MinorVersion="${String(minor)}" MajorBuildNumber="${String(build)}" MinorBuildNumber="0" xmlns:h="${services}/types"/></s:Header>` +
    `<s:Body xmlns:m="${services}/messages" xmlns:t="${services}/types">${body}</s:Body></s:Envelope>`
  );
}

/** The refusal of a whole call. */
export function soapFault(version: ExchangeVersion, code: string, backOffMs?: number): string {
  const wait =
    backOffMs === undefined
      ? ''
      : `<t:MessageXml><t:Value Name="BackOffMilliseconds">${String(backOffMs)}</t:Value></t:MessageXml>`;
  return soapEnvelope(
    version,
    `<s:Fault xmlns:s="${soap}"><faultcode xmlns:a="${services}/types">a:${code}</faultcode><faultstring xml:lang="en-US">${code}</faultstring>` +
      `<detail><e:ResponseCode xmlns:e="${services}/errors">${code}</e:ResponseCode><e:Message xmlns:e="${services}/errors">${code}</e:Message>${wait}</detail></s:Fault>`,
  );
}
