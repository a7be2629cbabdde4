import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { functionNames } from './function-names.ts';

const root = join(import.meta.dirname, '..');

/**
 * Bundles every function into `<folder>/<name>/index.mjs`, in one go and without Docker or a network. The AWS SDK goes in
 * too: what runs is what was tested, whatever version the runtime brings.
 */
export function bundleFunctions(folder: string): void {
  mkdirSync(folder, { recursive: true });
  buildSync({
    entryPoints: functionNames.map((name) => ({
      in: join(root, 'functions', name, 'handler.ts'),
      out: join(name, 'index'),
    })),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // Names stay: they are what an operator reads in a trace.
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: 'linked',
    sourcesContent: false,
    // CommonJS dependencies ask for Node's own modules by require, which an ES module has not.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'error',
  });
}
