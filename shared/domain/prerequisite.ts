/** Names of the prerequisites as `batch show` prints them and `--override` takes them. */
export const checkNames: readonly string[] = [
  ...['source', 'target'].flatMap((side) =>
    ['reachable', 'certificate', 'sign-in', 'capabilities', 'mailbox'].map((check) => `${side}-${check}`),
  ),
  ...['directory', 'target-directory'].flatMap((side) =>
    ['reachable', 'certificate', 'sign-in', 'rights', 'recipients'].map((check) => `${side}-${check}`),
  ),
  'directory-sync',
  'accepted-domains',
  'licences',
  'forwarding',
  'source-version',
  'deployment-mail-sending',
  'deployment-workers',
];
