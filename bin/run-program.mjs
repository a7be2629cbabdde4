// Runs dist/cli and keeps what V8 compiled of it for the next process: a command starts in half the time.
//
// Node's own compile cache (module.enableCompileCache) is written as soon as a module is loaded and so has none of the
// functions that V8 compiles when they are called: nearly all of them. vm.Script gives them back at the end
// (https://nodejs.org/api/vm.html#scriptcreatecacheddata), for scripts only, which is why the build makes scripts.
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

// Not by `import`, which reads every export and so loads what nobody needs.
const require = createRequire(import.meta.url);
const { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } = require('node:fs');
const { cachedDataVersionTag, deserialize, serialize } = require('node:v8');
const { Script } = require('node:vm');

/** V8 throws away what it compiled and did not run for a while: what a process leaves that ran longer is not worth much. */
const longestSeconds = 60;

/** A process that did so much more than the one whose code is kept ran functions that have none yet. */
const muchMore = { times: 1.5, ms: 200 };

/**
 * Runs dist/cli/main.cjs; `compiled` is the folder in which each command keeps its code. Where it cannot be written,
 * nothing is kept. The code of another version of V8 or of other settings is rejected by V8 and replaced.
 */
export function runProgram({ program, compiled }) {
  const [command = 'none'] = process.argv.slice(2);
  const file = join(compiled, /^[a-z][a-z-]*$/.test(command) ? command : 'none');
  const tag = cachedDataVersionTag();
  // V8 compares a script with its code by length only. The names of chunks change with what is in them; that of the
  // program does not, and a process of the build before may end, and keep its code, after this build.
  const built = statSync(program).mtimeMs;
  const { code: kept, cpuMs: keptCpuMs } = readKept(file, built);
  const scripts = new Map();
  const modules = new Map();
  const requireOthers = createRequire(program);
  let isComplete = true;

  function load(path) {
    const known = modules.get(path);
    if (known !== undefined) return known.exports;
    const name = basename(path);
    const script = new Script(asFunction(readFileSync(path, 'utf8')), { filename: path, cachedData: kept.get(name) });
    if (script.cachedDataRejected !== false) isComplete = false;
    scripts.set(name, script);
    const module = { exports: {} };
    modules.set(path, module);
    const folder = dirname(path);
    const requireFrom = (id) => (id.startsWith('.') ? load(join(folder, id)) : requireOthers(id));
    script.runInThisContext()(module.exports, requireFrom, module, path, folder);
    return module.exports;
  }

  process.on('exit', (code) => {
    if (code !== 0 || process.uptime() > longestSeconds || cachedDataVersionTag() !== tag) return;
    const { user, system } = process.cpuUsage();
    const cpuMs = (user + system) / 1000;
    if (isComplete && cpuMs < keptCpuMs * muchMore.times + muchMore.ms) return;
    const compiledNow = [...scripts].map(([name, script]) => [name, script.createCachedData()]);
    keep(file, { built, cpuMs, code: new Map([...kept, ...compiledNow]) });
  });
  load(program);
}

function asFunction(source) {
  return `(function (exports, require, module, __filename, __dirname) { ${source}\n})`;
}

function readKept(file, built) {
  try {
    const kept = deserialize(readFileSync(file));
    if (kept.built === built) return kept;
  } catch {
    // Nothing was kept yet, or not by this version of Node: this run compiles for itself.
  }
  return { code: new Map(), cpuMs: 0 };
}

/** Two commands that end together each write a whole file; the later one stays. */
function keep(file, kept) {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.${process.pid}`, serialize(kept));
    renameSync(`${file}.${process.pid}`, file);
  } catch {
    // An installation that its users cannot write to: every command compiles for itself.
  }
}
