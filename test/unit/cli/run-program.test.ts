import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const project = join(import.meta.dirname, '../../..');
const runner = pathToFileURL(join(project, 'bin/run-program.mjs')).href;
const settings = pathToFileURL(join(project, 'local/v8-settings.ts')).href;

/** A program of two scripts, as the build makes them, and a process that runs it. */
class Installation {
  readonly folder = mkdtempSync(join(tmpdir(), 'program-'));
  readonly compiled = join(this.folder, 'compiled');

  constructor() {
    mkdirSync(join(this.folder, 'chunks'));
    writeFileSync(
      join(this.folder, 'main.cjs'),
      `const { greet } = require('./chunks/greet.cjs'); console.log(greet(__dirname)); if (process.argv[3]) process.exit(Number(process.argv[3]));`,
    );
    writeFileSync(
      join(this.folder, 'chunks/greet.cjs'),
      `exports.greet = (folder) => require('node:path').basename(folder).split('-')[0];`,
    );
  }

  run(...args: readonly string[]): string {
    const program = JSON.stringify({ program: join(this.folder, 'main.cjs'), compiled: this.compiled });
    const file = join(this.folder, 'run.mjs');
    writeFileSync(file, `import { runProgram } from ${JSON.stringify(runner)}; runProgram(${program});`);
    const { stdout, stderr } = spawnSync(process.execPath, [file, ...args], { encoding: 'utf8' });
    return stdout + stderr;
  }

  /** The kept file's number on the disk: another one when it was written anew. */
  kept(command: string): number {
    return statSync(join(this.compiled, command)).ino;
  }
}

describe('the program with what V8 compiled of it', () => {
  let installation: Installation;

  beforeEach(() => {
    installation = new Installation();
  });

  afterEach(() => {
    rmSync(installation.folder, { recursive: true });
  });

  it('keeps the code of a command that did its work, and uses it as it is from then on', () => {
    expect(installation.run('greet')).toBe('program\n');
    const first = installation.kept('greet');
    expect(installation.run('greet')).toBe('program\n');
    expect(installation.kept('greet')).toBe(first);
    expect(readdirSync(installation.compiled)).toEqual(['greet']);
  });

  it('keeps it anew once a process did much more than the one before, and not for less', () => {
    const busy = `const end = process.cpuUsage().user + 700_000; while (process.cpuUsage().user < end) for (let at = 0; at < 1e6; at += 1);`;
    writeFileSync(
      join(installation.folder, 'main.cjs'),
      `if (process.argv[3] === 'much') { ${busy} } console.log('done');`,
    );
    installation.run('work');
    const little = installation.kept('work');
    installation.run('work', 'much');
    const much = installation.kept('work');
    expect(much).not.toBe(little);

    for (const more of ['much', 'little']) installation.run('work', more);

    expect(installation.kept('work')).toBe(much);
  });

  it('runs all the same where what was kept is damaged, and replaces it', () => {
    installation.run('greet');
    writeFileSync(join(installation.compiled, 'greet'), 'no code');
    const damaged = installation.kept('greet');
    expect(installation.run('greet')).toBe('program\n');
    expect(installation.kept('greet')).not.toBe(damaged);
  });

  it('does not take the code of another build, also where its scripts are as long', () => {
    installation.run('greet');
    const main = join(installation.folder, 'main.cjs');
    const source = readFileSync(main, 'utf8');
    writeFileSync(main, source.replace('greet(__dirname)', 'greet("another")'.padEnd('greet(__dirname)'.length)));
    expect(readFileSync(main, 'utf8')).toHaveLength(source.length);
    expect(installation.run('greet')).toBe('another\n');
  });

  it('keeps nothing of a command that failed, nor under a name that leads out of the folder', () => {
    installation.run('greet', '2');
    installation.run('../outside');
    expect(readdirSync(installation.compiled)).toEqual(['none']);
  });

  it('runs where nothing can be written', () => {
    writeFileSync(installation.compiled, 'a file where the folder should be');
    chmodSync(installation.compiled, 0o400);
    expect(installation.run('greet')).toBe('program\n');
  });
});

describe('the settings of V8 for copying', () => {
  it('leave the mark under which code is kept as it was when the process began', () => {
    const script = `
      import { cachedDataVersionTag } from 'node:v8';
      import { settleV8ForCopying } from ${JSON.stringify(settings)};
      const before = cachedDataVersionTag();
      process.on('exit', () => console.log(cachedDataVersionTag() === before));
      settleV8ForCopying();
      console.log(cachedDataVersionTag() === before);`;
    const node = [...(process.features.typescript === false ? ['--experimental-strip-types'] : []), '--no-warnings'];
    const output = execFileSync(process.execPath, [...node, '--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(output).toBe('false\ntrue\n');
  });
});
