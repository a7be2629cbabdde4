// Sees to the servers and tools that the tests need: installs what is missing when root on Debian, and otherwise says
// plainly what will be skipped. Writes what it found to node_modules/.cache/stagecoach/test-servers.json.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CACHE = fileURLToPath(new URL('../node_modules/.cache/stagecoach/', import.meta.url));
// Debian keeps servers where a user's PATH does not look.
const FOLDERS = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/opt/homebrew/sbin'];

/** What tests need, by Debian package, and what is skipped without it. */
const NEEDS = [
  {
    command: 'dovecot',
    package: 'dovecot-imapd',
    without: 'every test and demo that copies mail between real IMAP servers',
  },
  { command: 'openssl', package: 'openssl', without: 'the same: the IMAP servers get no certificates' },
  {
    command: 'mbsync',
    package: 'isync',
    without: 'the tests that run another client against our scripted IMAP server',
  },
  {
    command: 'exchangelib',
    isPythonModule: true,
    package: 'python3-exchangelib',
    without: 'the tests that read our practice Exchange with another client',
  },
  {
    command: 'ntlm_auth',
    isPythonModule: true,
    package: 'python3-ntlm-auth',
    without: 'the test that compares our NTLM with that of others',
  },
  {
    command: 'davmail-server',
    package: 'davmail-server',
    without: 'the tests that look at our practice Exchange through DavMail',
  },
  { command: 'samba', package: 'samba', without: 'every test of the directory with a real Active Directory' },
  {
    command: 'samba/setup/provision.ldif',
    isFile: true,
    package: 'samba-ad-provision',
    without: 'the same: no directory can be made',
  },
  {
    command: 'samba/ldb/acl.so',
    isFile: true,
    package: 'samba-dsdb-modules',
    without: 'the same: Samba cannot serve it',
  },
  {
    command: 'ldapmodify',
    package: 'ldap-utils',
    without: 'the same, and the tests that ask our practice directory with another client',
  },
];

// Debian's own: another Python on the PATH does not have Debian's packages.
const PYTHON = '/usr/bin/python3';
const findModule = (name) =>
  spawnSync(PYTHON, ['-c', `import ${name}`], { stdio: 'ignore' }).status === 0 ? `${PYTHON}: ${name}` : undefined;
// Debian keeps libraries in a folder of the processor's name.
const libraries = () => (existsSync('/usr/lib') ? readdirSync('/usr/lib').map((name) => join('/usr/lib', name)) : []);
const find = ({ command, isPythonModule, isFile }) =>
  isPythonModule
    ? findModule(command)
    : (isFile ? ['/usr/share', ...libraries()] : FOLDERS)
        .map((folder) => join(folder, command))
        .find((file) => existsSync(file));
const missing = (commands) => NEEDS.filter((need) => commands.includes(need.command) && find(need) === undefined);
const ALL = NEEDS.map(({ command }) => command);
export const canInstall = () => process.getuid?.() === 0 && existsSync('/etc/debian_version');

/** Returns what of these commands is still missing after an attempt to install it. */
export function prepareTestServers(commands = ALL) {
  const wanting = missing(commands);
  if (wanting.length > 0 && canInstall()) install(wanting.map((need) => need.package));
  const left = missing(commands);
  mkdirSync(CACHE, { recursive: true });
  const found = Object.fromEntries(NEEDS.map((need) => [need.command, find(need) ?? null]));
  writeFileSync(join(CACHE, 'test-servers.json'), `${JSON.stringify(found, null, 2)}\n`);
  return left;
}

function install(packages) {
  process.stderr.write(`Installing with apt-get: ${packages.join(', ')}\n`);
  const apt = (...args) =>
    spawnSync('apt-get', ['-q', '-y', ...args], {
      // A service that starts by itself would take ports 143 and 993; the tests and the demo start their own servers.
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
      encoding: 'utf8',
    });
  const args = ['install', '--no-install-recommends', ...packages];
  if (apt(...args).status === 0) return;
  // A new machine has no package lists, or old ones.
  apt('update');
  const second = apt(...args);
  if (second.status !== 0) process.stderr.write(`apt-get failed:\n${second.stderr ?? second.error?.message}\n`);
}

function main() {
  const left = prepareTestServers();
  for (const need of left) {
    process.stderr.write(
      `SKIPPED without ${need.command}: ${need.without}. On Debian: apt-get install ${need.package}\n`,
    );
  }
  if (left.length === 0) process.stderr.write(`Test servers: ${ALL.join(', ')} are there.\n`);
  // Where we could have installed them, or in CI, a missing server is a failure and not a reason to test less.
  process.exitCode = left.length > 0 && (canInstall() || process.env.CI === 'true') ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
