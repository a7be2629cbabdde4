// A practice run: two mail servers on this machine with generated mail, and a batch that moves the mailboxes of a small
// company from one to the other. `npm run demo [-- --keep]`; with --keep the servers go on until Ctrl-C.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareTestServers } from './test-servers.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'data', 'demo');
const data = join(folder, 'data');
const PEOPLE = ['anna', 'bob', 'chloe', 'dmitri', 'eve', 'farid'].map((name) => `${name}@contoso.test`);
// One row has a wrong password, to show how a problem looks.
const STRANGER = 'mallory@contoso.test';
/** The exit code of a batch that finished and has a mailbox that is not well. */
const FINISHED_WITH_ERRORS = 5;

const say = (text = '') => process.stderr.write(`${text}\n`);
const short = (path) => relative(process.cwd(), path) || '.';

async function main() {
  const missing = prepareTestServers(['dovecot', 'openssl']);
  if (missing.length > 0) {
    say('The demo needs two mail servers to play with, and finds no Dovecot here. Please type');
    say(`    sudo apt-get install ${missing.map((need) => need.package).join(' ')}`);
    say('(Debian and Ubuntu; on other systems the package is called dovecot), then `npm run demo` again.');
    return 1;
  }
  if (!existsSync(join(root, 'dist', 'cli', 'main.mjs'))) {
    say('Stagecoach is not built yet. Please type `npm ci`, then `npm run demo` again.');
    return 1;
  }
  const support = await loadSupport();
  prepareFolder();
  const servers = await startServers(support);
  try {
    const before = await fillMailboxes(support, servers);
    writeOrder(servers);
    const code = await runBatch();
    if (code !== FINISHED_WITH_ERRORS) {
      say(`\nThe batch ended with exit code ${code}, which is not what the demo expects (${FINISHED_WITH_ERRORS}).`);
      return code === 0 ? 1 : code;
    }
    const same = await compare(support, servers, before);
    tellWhatToSee(same);
    if (process.argv.includes('--keep')) await untilInterrupted(servers);
    return same ? 0 : 1;
  } finally {
    await Promise.all([servers.source.stop(), servers.target.stop()]);
  }
}

/** The servers and the mail of the tests, which are TypeScript: Node 24 runs them as they are. */
async function loadSupport() {
  const load = (file) => import(new URL(`../test/support/${file}`, import.meta.url).href);
  const modules = await Promise.all(
    [
      'dovecot/dovecot-server.ts',
      'mail/generate-mailbox.ts',
      'mail/seed-mailbox.ts',
      'mail/snapshot-mailbox.ts',
      'mail/diff-mailboxes.ts',
    ].map(load),
  );
  return Object.assign({}, ...modules);
}

/** Every demo starts from nothing; only a folder that a demo made is deleted. */
function prepareFolder() {
  const mark = join(folder, '.demo');
  if (existsSync(folder) && !existsSync(mark) && readdirSync(folder).length > 0) {
    throw new Error(`${folder} holds something that is not from a demo; please move it away.`);
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(mark, '');
}

async function startServers({ DovecotServer }) {
  const users = Object.fromEntries([...PEOPLE, STRANGER].map((user) => [user, randomBytes(9).toString('base64url')]));
  const [source, target] = await Promise.all([
    // The old server puts folders below INBOX with dots, as Courier does; the new one does not.
    DovecotServer.start({ users, prefix: 'INBOX.', separator: '.' }),
    DovecotServer.start({ users }),
  ]);
  say(`Two mail servers are running: the old one on port ${source.imapsPort}, the new one on port ${target.imapPort}.`);
  return { source, target };
}

async function fillMailboxes({ generateMailbox, seedMailbox, snapshotDovecot }, { source }) {
  const before = new Map();
  for (const [index, user] of PEOPLE.entries()) {
    const shape = {
      seed: user,
      folders: 12 + 2 * index,
      messages: 300,
      bytes: 6_000_000,
      ugly: true,
      hugeBytes: 10_000_000,
    };
    seedMailbox(source, user, generateMailbox(shape));
    before.set(user, await snapshotDovecot(source, user));
  }
  say(`${PEOPLE.length} people have ${PEOPLE.length * 300} messages there, some of them as odd as real mail is.\n`);
  return before;
}

function writeOrder({ source, target }) {
  const server = (port, security, caFile) => ({
    kind: 'imap',
    host: '127.0.0.1',
    port,
    security,
    tls: { caFile },
    login: { mode: 'user' },
  });
  const endpoint = {
    name: 'contoso',
    type: 'imap',
    source: server(source.imapsPort, 'tls', source.caFile),
    target: server(target.imapPort, 'starttls', target.caFile),
    maxConcurrentMigrations: 3,
    defaults: { notify: ['admin@contoso.test'] },
  };
  writeFileSync(join(folder, 'endpoint.json'), `${JSON.stringify(endpoint, null, 2)}\n`);
  const rows = Object.entries(source.options.users).map(
    ([user, password]) => `${user},${user},${user === STRANGER ? 'not-the-password' : password}\n`,
  );
  writeFileSync(join(folder, 'people.csv'), `EmailAddress,UserName,Password\n${rows.join('')}`, { mode: 0o600 });
  writeFileSync(join(folder, 'key'), randomBytes(32).toString('base64'), { mode: 0o600 });
}

async function runBatch() {
  const files = ['--endpoint', join(folder, 'endpoint.json'), '--csv', join(folder, 'people.csv')];
  const args = ['run', ...files, '--data', data];
  say(`$ npx stagecoach ${args.map((part) => (part.startsWith('/') ? short(part) : part)).join(' ')}\n`);
  const child = spawn(join(root, 'bin', 'stagecoach'), args, {
    stdio: 'inherit',
    env: { ...process.env, STAGECOACH_KEY: `file:${join(folder, 'key')}` },
  });
  // Ctrl-C reaches the child by itself; the servers are stopped when it has ended.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 130));
  });
}

/** By a client that shares no code with the product. */
async function compare({ snapshotDovecot, diffMailboxes }, { target }, before) {
  const differences = [];
  for (const [user, mailbox] of before) {
    const after = await snapshotDovecot(target, user);
    const found = diffMailboxes(mailbox, after);
    differences.push(...found.map((difference) => `${user}: ${difference}`));
  }
  say();
  if (differences.length === 0) {
    say(`Compared by another client: ${PEOPLE.length * 300} messages are at the new server, each once, byte for byte,`);
    say('with their flags, keywords and dates.');
  } else {
    say(`Compared by another client, ${differences.length} differences:\n${differences.slice(0, 20).join('\n')}`);
  }
  return differences.length === 0;
}

function tellWhatToSee(same) {
  const list = (path) => (existsSync(path) ? readdirSync(path).map((file) => `    ${short(join(path, file))}`) : []);
  say(`
${same ? 'Done.' : 'Something is wrong; please look at it.'} ${STRANGER} failed on purpose: the CSV has a wrong password for it.

Reports (MigrationErrors.csv tells the cause and the fix):
${list(join(data, 'reports', 'people')).join('\n')}
Mails to the administrator (open them with any mail program):
${list(join(data, 'mail')).join('\n')}
The endpoint and the batch file that did it:
    ${short(join(folder, 'endpoint.json'))}
    ${short(join(folder, 'people.csv'))}
More about the batch:
    npx stagecoach batch users people --data ${short(data)}`);
}

async function untilInterrupted({ source, target }) {
  say(
    `\nThe servers go on until Ctrl-C: old imaps ${source.imapsPort}, new imap ${target.imapPort}; passwords are in people.csv.`,
  );
  const keepAlive = setInterval(() => undefined, 60_000);
  await new Promise((resolve) => process.once('SIGINT', resolve));
  clearInterval(keepAlive);
}

process.exitCode = await main();
