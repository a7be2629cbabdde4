import { errorCatalogue } from '../../domain/error-catalogue.ts';
import { ConfigurationError } from '../../domain/errors.ts';
import type { Directory } from '../../domain/endpoint.ts';
import type { DirectoryCheck } from '../../ports/directory-check.ts';
import { directoryChecks, Findings, type Finding } from '../findings.ts';
import { judgeCertificate, type TlsFacts } from '../judge-certificate.ts';
import { LdapSession, type LdapServices } from './ldap-session.ts';
import { filterValue } from './ldap-values.ts';
import { recipientAttributes, recipientOf } from './recipient.ts';

/** Looks at the directory of an endpoint; what the far side does becomes a check that failed. */
export async function checkDirectory(
  services: LdapServices,
  directory: Directory,
  sample: string | undefined,
): Promise<readonly DirectoryCheck[]> {
  const checks = new Findings(directoryChecks);
  const closing = new AbortController();
  const session = new LdapSession(services, directory, closing.signal);
  let underWay: DirectoryCheck['check'] | undefined;
  try {
    await session.connect();
    checks.add('reachable', { result: 'pass', evidence: `${session.host} answers.` });
    checks.add('certificate', judgeTls(session.tls, directory));
    await session.signIn();
    checks.add('sign-in', signedIn(session, directory));
    // Before the rights, which are looked at in one of the recipients.
    underWay = 'recipients';
    checks.add('recipients', await lookForRecipients(session, directory));
    underWay = 'rights';
    checks.add('rights', await lookAtRights(session, { directory, sample }));
  } catch (error) {
    checks.fail(error, underWay);
  } finally {
    await session.close();
  }
  return checks.complete();
}

function judgeTls(tls: TlsFacts | undefined, directory: Directory): Finding {
  if (tls === undefined) return { result: 'cannot-check', evidence: 'The certificate cannot be read.' };
  const { acceptUntrusted } = directory.tls;
  return judgeCertificate(tls, { side: 'directory', acceptUntrusted, owner: 'domain controller', now: Date.now() });
}

function signedIn(session: LdapSession, directory: Directory): Finding {
  const { dnsHostName, isActiveDirectory } = session.root;
  const where = dnsHostName === '' ? session.host : dnsHostName;
  if (!isActiveDirectory)
    return {
      result: 'warn',
      evidence: `Signed in; ${where} does not say that it is an Active Directory.`,
      fix: 'Check directory.url.',
    };
  const { port } = new URL(directory.url);
  if (port === '3268' || port === '3269') {
    const fix = 'Take the port out of directory.url: a global catalogue is read-only, and forwarding is written.';
    return {
      result: 'fail',
      code: 'DIRECTORY_WRITE_DENIED',
      evidence: `Signed in at the global catalogue of ${where}.`,
      fix,
    };
  }
  return { result: 'pass', evidence: `Signed in at ${where}.` };
}

async function lookForRecipients(session: LdapSession, { base }: Directory): Promise<Finding> {
  const schema = await session.search({
    base: session.root.schema,
    scope: 'sub',
    filter: '(lDAPDisplayName=targetAddress)',
    attributes: ['lDAPDisplayName'],
    atMost: 1,
  });
  if (schema.length === 0)
    throw missing('The directory has no targetAddress: Exchange never extended the schema of this forest.');
  if ((await aMailbox(session, base)) === undefined) throw missing('No mailbox can be seen below directory.base.');
  return { result: 'pass', evidence: `The schema of Exchange is there, and mailboxes are seen below ${base}.` };
}

function missing(message: string): ConfigurationError {
  return new ConfigurationError({ code: 'DIRECTORY_NO_RECIPIENTS', message });
}

async function aMailbox(session: LdapSession, base: string): Promise<string | undefined> {
  const [first] = await session.search({
    base,
    scope: 'sub',
    filter: '(&(objectClass=user)(mailNickname=*)(homeMDB=*))',
    attributes: ['mail'],
    atMost: 1,
  });
  return first?.dn;
}

async function lookAtRights(
  session: LdapSession,
  { directory, sample }: { readonly directory: Directory; readonly sample: string | undefined },
): Promise<Finding> {
  if (sample === undefined)
    return { result: 'cannot-check', evidence: 'No mailbox is known yet whose forwarding could be looked at.' };
  const [entry] = await session.search({
    base: directory.base,
    scope: 'sub',
    filter: `(proxyAddresses=smtp:${filterValue(sample)})`,
    attributes: recipientAttributes,
    atMost: 1,
  });
  if (entry === undefined)
    return { result: 'cannot-check', evidence: 'The directory has no recipient of the address of the sample.' };
  const fix = errorCatalogue.DIRECTORY_WRITE_DENIED.fix;
  switch (recipientOf(entry, session.root).mayForward) {
    case 'yes':
      return { result: 'pass', evidence: 'targetAddress of the sample may be written.' };
    case 'no':
      return {
        result: 'fail',
        code: 'DIRECTORY_WRITE_DENIED',
        evidence: 'targetAddress of the sample may not be written.',
        fix,
      };
    case 'unknown':
      return { result: 'cannot-check', evidence: 'The directory does not say what the account may write.' };
  }
}
