/**
 * Checks who may import whom under src/. Imports point one way:
 *
 *     command, library → cli (src/*.ts) → process → syscalls, translate, loader → cpu, memory → host
 *
 * and besides: `translate` names no architecture (imports nothing from cpu/<arch>), Node's modules are used only in
 * `host` and in what is an ordinary program of Node (but for a few that touch nothing outside), and npm packages only where they are listed. Directories of one
 * level do not import each other. Tests may import anything.
 *
 *     src/cpu/row.ts:3: cpu must not import syscalls (./../syscalls/errno.ts)
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Level of each layer; an import must go to a lower level or stay in its layer. */
const LEVEL: Record<string, number> = {
  command: 5,
  library: 5,
  cli: 4,
  process: 3,
  syscalls: 2,
  translate: 2,
  loader: 2,
  cpu: 1,
  memory: 1,
  host: 0,
};

/** Modules of Node that neither read nor change anything outside the process's own JavaScript. */
const PURE_BUILTINS = new Set(['node:v8', 'node:util', 'node:assert', 'node:path', 'node:path/posix', 'node:buffer']);

/** npm packages and the only layers that may use them. */
const PACKAGES: Record<string, readonly string[]> = {
  yargs: ['cli', 'command'],
  'fastest-levenshtein': ['cli'],
  elfy: ['loader'],
};

/** Layers that are ordinary programs of Node: they start the emulator, and are not in its process. */
const ORDINARY = new Set(['command', 'library']);

export interface Import {
  line: number;
  specifier: string;
}

/** Static and dynamic imports and re-exports with literal specifiers, types included. */
export function importsOf(source: string): Import[] {
  // Block comments may hold examples; blank them but keep the line numbers.
  const text = source.replace(/^[ \t]*\/\*[\s\S]*?\*\//gm, (comment) => comment.replace(/[^\n]/g, ' '));
  const found: Import[] = [];
  const patterns = [
    /^[ \t]*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm,
    /^[ \t]*import\s*['"]([^'"]+)['"]/gm,
    /\bimport\(\s*['"]([^'"]+)['"]/g,
    /\b(?:require|getBuiltinModule)\(\s*['"]([^'"]+)['"]/g,
  ];
  for (const pattern of patterns) {
    for (const match of text.matchAll(pattern)) {
      const end = match.index + match[0].length;
      found.push({ line: text.slice(0, end).split('\n').length, specifier: match[1] });
    }
  }
  return found.sort((a, b) => a.line - b.line);
}

/** The layer of a path relative to src/; a file directly in src/ belongs to the command line. */
function layerOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : 'cli';
}

/** Why the file `path` (relative to src/) must not import `specifier`; undefined if it may. */
export function objection(path: string, specifier: string): string | undefined {
  const layer = layerOf(path);
  if (!(layer in LEVEL)) return `${layer} is not a layer; add it to LEVEL in scripts/check-layers.ts`;
  if (!specifier.startsWith('.')) {
    if (specifier.startsWith('node:')) {
      const allowed = layer === 'host' || ORDINARY.has(layer) || PURE_BUILTINS.has(specifier);
      return allowed ? undefined : `${specifier} is used only in src/host`;
    }
    const name = specifier.split('/')[0];
    if (!(name in PACKAGES)) return `the package ${specifier} is not listed in scripts/check-layers.ts`;
    return PACKAGES[name].includes(layer) ? undefined : `${name} is used only in ${PACKAGES[name].join(', ')}`;
  }
  const target = normalize(join(dirname(path), specifier));
  if (target.startsWith('..')) return `imports outside src/ (${specifier})`;
  const targetLayer = layerOf(target);
  if (layer === 'translate' && /^cpu\/[^/]+\//.test(target)) return `translate names no architecture (${specifier})`;
  if (targetLayer === layer) return undefined;
  if (!(targetLayer in LEVEL)) return `${targetLayer} is not a layer`;
  return LEVEL[targetLayer] < LEVEL[layer] ? undefined : `${layer} must not import ${targetLayer} (${specifier})`;
}

function main(): void {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const src = join(root, 'src');
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.ts$/.test(file) && !/\.test\.ts$/.test(file))
    .sort();
  let count = 0;
  for (const file of files) {
    for (const { line, specifier } of importsOf(readFileSync(join(src, file), 'utf8'))) {
      const reason = objection(file, specifier);
      if (!reason) continue;
      count++;
      console.error(`${relative(root, join(src, file))}:${line}: ${reason}`);
    }
  }
  if (count > 0) process.exitCode = 1;
}

if (import.meta.main) main();
