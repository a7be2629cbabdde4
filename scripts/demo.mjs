// A practice run: a small company moves from its Exchange to Exchange Online, both played on this machine, in about a minute.
// `npm run demo [-- --keep] [--people 25] [--folder data/demo]`; with --keep the company goes on until Ctrl-C, to try the
// other commands on it.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: options } = parseArgs({
  options: {
    keep: { type: 'boolean', default: false },
    people: { type: 'string', default: '25' },
    folder: { type: 'string', default: join(root, 'data', 'demo') },
  },
});
const folder = resolve(options.folder);
const data = join(folder, 'data');
const PEOPLE = Number(options.people);
const BATCH = 'wave1';
// One row names somebody who is not there, to show how a problem looks.
const STRANGER = 'mallory@contoso.test';
/** The exit code of a batch that finished and has a mailbox that is not well. */
const FINISHED_WITH_ERRORS = 5;

const say = (text = '') => process.stderr.write(`${text}\n`);
const short = (path) => relative(process.cwd(), path) || '.';

async function main() {
  if (!existsSync(join(root, 'dist', 'cli', 'main.cjs'))) {
    say('Stagecoach is not built yet. Please type `npm ci`, then `npm run demo` again.');
    return 1;
  }
  const { startCompany, compareOrganisation } = await loadPractice();
  const company = await startCompany({ people: PEOPLE, messages: 60 });
  try {
    tellWhatThereIs();
    prepareFolder();
    const environment = writeOrder(company);
    const code = await runBatch(environment);
    if (code !== FINISHED_WITH_ERRORS) {
      say(`\nThe batch ended with exit code ${code}, which is not what the demo expects (${FINISHED_WITH_ERRORS}).`);
      return code === 0 ? 1 : code;
    }
    const differences = compareOrganisation(company);
    tellWhatToSee(company, differences);
    if (options.keep) await untilInterrupted(environment);
    return differences.length === 0 ? 0 : 1;
  } finally {
    await company.stop();
  }
}

/** TypeScript, which Node 24 runs as it is. */
async function loadPractice() {
  const load = (file) => import(new URL(`../test/support/practice/${file}`, import.meta.url).href);
  return Object.assign({}, ...(await Promise.all(['start-company.ts', 'compare-organisation.ts'].map(load))));
}

function tellWhatThereIs() {
  say(
    `Contoso has ${PEOPLE} mailboxes (people, the office's, a room) in an Exchange 2007 of its own, with mail as odd`,
  );
  say(
    'as real mail is, contacts, calendars and tasks. Directory synchronisation has put its people into Exchange Online,',
  );
  say('where nobody has a mailbox yet. Both are played on this machine; nothing leaves it.\n');
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

function writeOrder(company) {
  const endpoint = { ...company.endpoint('contoso'), defaults: { notify: ['admin@contoso.test'], settleAfter: 2 } };
  writeFileSync(join(folder, 'endpoint.json'), `${JSON.stringify(endpoint, null, 2)}\n`);
  writeFileSync(join(folder, `${BATCH}.csv`), `EmailAddress\n${[...company.addresses, STRANGER].join('\n')}\n`);
  writeFileSync(join(folder, 'key'), randomBytes(32).toString('base64'), { mode: 0o600 });
  return { ...company.environment, STAGECOACH_KEY: `file:${join(folder, 'key')}` };
}

async function runBatch(environment) {
  const files = ['--endpoint', join(folder, 'endpoint.json'), '--csv', join(folder, `${BATCH}.csv`)];
  const args = ['run', ...files, '--data', data];
  say(`$ npx stagecoach ${args.map((part) => (part.startsWith('/') ? short(part) : part)).join(' ')}\n`);
  const child = spawn(join(root, 'bin', 'stagecoach'), args, {
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  // Ctrl-C reaches the child by itself; the company is stopped when it has ended.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 130));
  });
}

function tellWhatToSee(company, differences) {
  const { addresses, online } = company;
  const list = (path) => (existsSync(path) ? readdirSync(path).map((file) => `    ${short(join(path, file))}`) : []);
  const items = addresses.flatMap((address) => online.mailbox(address).items()).length;
  const [first = ''] = addresses;
  say(
    differences.length === 0
      ? `\nCompared at both sides: ${items} items are in Exchange Online, each once; no invitation went out. New mail of all\n` +
          `${addresses.length} goes to the new mailboxes (${first}: ${company.forwardingOf(first)}).`
      : `\nCompared at both sides, ${differences.length} differences:\n${differences.slice(0, 20).join('\n')}`,
  );
  say(`
${differences.length === 0 ? 'Done.' : 'Something is wrong; please look at it.'} ${STRANGER} failed on purpose: nobody has that address.

Reports (MigrationErrors.csv tells the cause and the fix; SkippedItems.csv what of an item has no place there):
${list(join(data, 'reports', BATCH)).join('\n')}
Mails to the administrator (open them with any mail program): when forwarding was set, and what came of it:
${list(join(data, 'mail')).join('\n')}
The endpoint and the batch file that did it:
    ${short(join(folder, 'endpoint.json'))}
    ${short(join(folder, `${BATCH}.csv`))}
More about the batch:
    npx stagecoach batch users ${BATCH} --data ${short(data)}
The same on AWS: docs/deploy.md; against servers of your own: docs/endpoints/.`);
}

async function untilInterrupted(environment) {
  say('\nThe company goes on until Ctrl-C. In another terminal, for the other commands:\n');
  for (const [name, value] of Object.entries(environment)) say(`    export ${name}=${value}`);
  say(`    npx stagecoach batch complete ${BATCH} --ignore-errors --data ${short(data)}`);
  const keepAlive = setInterval(() => undefined, 60_000);
  await new Promise((resolve) => process.once('SIGINT', resolve));
  clearInterval(keepAlive);
}

process.exitCode = await main();
