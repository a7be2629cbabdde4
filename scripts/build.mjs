// Builds what `npx stagecoach` needs (npm runs this as `prepare`):
//   dist/cli/main.cjs              the command line with its lazily loaded chunks
//   dist/compiled                  what V8 compiled of it, filled as it runs (bin/run-program.mjs)
//   dist/migrate-batch.asl.json    the state machine as CDK synthesizes it, for the embedded service
//   node_modules/.bin/stagecoach   a link to bin/stagecoach
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, transform } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');

/**
 * aws-local-stepfunctions can invoke Lambda and validates definitions. Here every task is a function of this process
 * and the definition is validated when it is synthesized, so the AWS SDK and ajv (megabytes, 150 ms) stay out.
 */
const withoutLambdaClient = {
  name: 'without-lambda-client',
  setup(bundler) {
    bundler.onResolve({ filter: /^(@aws-sdk\/client-lambda|@aws-sdk\/credential-providers|asl-validator)$/ }, (args) =>
      args.importer.includes('aws-local-stepfunctions') ? { path: args.path, namespace: 'left-out' } : undefined,
    );
    bundler.onLoad({ filter: /.*/, namespace: 'left-out' }, (args) => ({
      contents: `
        const leftOut = () => { throw new Error(${JSON.stringify(`${args.path} is left out of the embedded service`)}); };
        export default leftOut;
        export { leftOut as LambdaClient, leftOut as InvokeCommand, leftOut as fromCognitoIdentityPool };`,
    }));
  },
};

/**
 * `import` of a built-in module reads every one of its exports, and some of them load what nobody asked for: that of
 * node:http a whole fetch (20 ms). Taken as the object that it is, it gives only what is used. Our own modules and
 * nodemailer ask for nothing else; other packages may.
 */
const builtinsAsObjects = {
  name: 'builtins-as-objects',
  setup(bundler) {
    bundler.onResolve({ filter: /^(node:)?(crypto|fs|http|https|process|util)$/ }, (args) =>
      args.kind === 'import-statement' && !/node_modules(?!\/nodemailer\/)/.test(args.importer)
        ? { path: args.path, namespace: 'builtin' }
        : undefined,
    );
    bundler.onLoad({ filter: /.*/, namespace: 'builtin' }, (args) => ({ contents: builtinAsObject(args.path) }));
  },
};

function builtinAsObject(name) {
  const properties = Object.entries(Object.getOwnPropertyDescriptors(process.getBuiltinModule(name)));
  const names = properties.filter(([, { get }]) => get === undefined).map(([property]) => property);
  const exported = names.filter((property) => /^[a-z_$][\w$]*$/i.test(property) && property !== 'default');
  return [
    `const builtin = process.getBuiltinModule(${JSON.stringify(name)});`,
    'export default builtin;',
    ...exported.map((property) => `export const ${property}_ = builtin.${property};`),
    `export { ${exported.map((property) => `${property}_ as ${property}`).join(', ')} };`,
  ].join('\n');
}

/**
 * zod makes code out of every object schema (`new Function`) when it parses with it for the first time, which no cache
 * keeps: 180 functions, 20 ms of a process that parses with most of them once.
 */
const zodWithoutGeneratedCode = {
  name: 'zod-without-generated-code',
  setup(bundler) {
    bundler.onResolve({ filter: /^zod$/ }, ({ namespace, path }) =>
      namespace === 'zod-without-generated-code' ? undefined : { path, namespace: 'zod-without-generated-code' },
    );
    bundler.onLoad({ filter: /.*/, namespace: 'zod-without-generated-code' }, () => ({
      contents: `import { z } from 'zod'; z.config({ jitless: true }); export * from 'zod';`,
      resolveDir: root,
    }));
  },
};

async function buildCommandLine() {
  const built = join(dist, 'cli.new');
  rmSync(built, { recursive: true, force: true });
  const { outputFiles } = await build({
    entryPoints: [join(root, 'cli', 'main.ts')],
    outdir: built,
    outExtension: { '.js': '.cjs' },
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    // Every `await import()` becomes a chunk of its own: `stagecoach --help` loads commander and nothing else.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22.13',
    plugins: [withoutLambdaClient, builtinsAsObjects, zodWithoutGeneratedCode],
    logLevel: 'warning',
    define: { STAGECOACH_VERSION: JSON.stringify(packageVersion()) },
    absWorkingDir: root,
    write: false,
  });
  await Promise.all(outputFiles.map(async ({ path, text }) => writeWhole(path, await asCommonJs(text))));
  // What was compiled of the build before is of no use any more.
  rmSync(join(dist, 'compiled'), { recursive: true, force: true });
  // A build that fails leaves the last one that worked.
  rmSync(join(dist, 'cli'), { recursive: true, force: true });
  renameSync(built, join(dist, 'cli'));
}

/** esbuild splits modules only; V8 gives back the functions that it compiled of a script only (bin/run-program.mjs). */
async function asCommonJs(module) {
  const { code } = await transform(module, {
    format: 'cjs',
    platform: 'node',
    target: 'node22.13',
    supported: { 'dynamic-import': false },
    define: { 'import.meta.dirname': '__dirname' },
    logLevel: 'warning',
  });
  return code;
}

function packageVersion() {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;
}

/** Bundled first, so that it runs on any Node: older ones cannot import TypeScript. */
async function synthesizeDefinition() {
  const compiled = join(dist, 'synthesize', 'migrate-batch-definition.mjs');
  await build({
    entryPoints: [join(root, 'infra', 'constructs', 'migrate-batch-definition.ts')],
    outfile: compiled,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
    absWorkingDir: root,
  });
  const { migrateBatchDefinition } = await import(pathToFileURL(compiled).href);
  writeWhole(join(dist, 'migrate-batch.asl.json'), `${JSON.stringify(migrateBatchDefinition(), null, 2)}\n`);
  rmSync(join(dist, 'synthesize'), { recursive: true });
}

/** A service that starts in mid-build reads the old file or the new one, never half of one. */
function writeWhole(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

/**
 * The root package has no `bin` entry: `npx` installs such a package into its own cache as a link to this folder, and
 * its second use then fails on the link that the first one left. A link in node_modules/.bin is found before that.
 */
function linkCommand() {
  const link = join(root, 'node_modules', '.bin', 'stagecoach');
  mkdirSync(dirname(link), { recursive: true });
  if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) rmSync(link);
  symlinkSync(join('..', '..', 'bin', 'stagecoach'), link);
}

if (!existsSync(join(root, 'node_modules', 'esbuild'))) throw new Error('esbuild is missing: run `npm ci` first');
await Promise.all([buildCommandLine(), synthesizeDefinition()]);
linkCommand();
