/**
 * dist/tsemu.cjs: what Node is started with. Loads the bundles with V8's code
 * cache, which the build makes from a real run: compiling them takes 8 ms
 * without it, 1.5 ms with it. A cache that does not fit (another Node, other
 * flags) is ignored by V8.
 *
 *     node FLAGS dist/tsemu.cjs ARCHITECTURE DESCRIPTOR
 *
 * Workers start it too, with `thread` or `compiler` as the descriptor.
 */
'use strict';
// Not require: its bookkeeping costs as much as the modules, which Node has loaded already.
const { getBuiltinModule } = process;
const { readFileSync, writeFileSync } = getBuiltinModule('node:fs');
const { Script } = getBuiltinModule('node:vm');

const [, script, architecture, descriptor] = process.argv;
const isMakingCaches = architecture.endsWith('!');
const directory = script.slice(0, script.lastIndexOf('/') + 1);
const cacheOf = (name) => `${directory}${name}.cache`;

function readCache(name) {
  try {
    return readFileSync(cacheOf(name));
  } catch {
    return undefined;
  }
}

/**
 * Gives memory back now that the next garbage collection would find unused: there may be many workers. Small files are
 * in a pool that Node keeps.
 */
function release(bytes) {
  if (bytes?.byteLength === bytes?.buffer.byteLength) bytes?.buffer.transfer(0);
}

function readText(path) {
  const bytes = readFileSync(path);
  const text = bytes.latin1Slice();
  release(bytes);
  return text;
}

/** Scripts loaded so far, by the bundles' names. */
const scripts = new Map();

/** Loads a bundle: a function expression that takes require and gives its exports. Bundles are ASCII. */
function load(name) {
  const filename = directory + name;
  // The rows' effects are many small functions, each of which some guest needs: all of them are in the compiler's cache.
  const eager = isMakingCaches && name.startsWith('compiler');
  // node:v8 brings Node's streams along, 3 ms: it is not for every start.
  if (eager) getBuiltinModule('node:v8').setFlagsFromString('--no-lazy');
  const cachedData = readCache(name);
  const compiled = new Script(readText(filename), { filename, cachedData });
  release(cachedData);
  if (eager) getBuiltinModule('node:v8').setFlagsFromString('--lazy');
  scripts.set(name, compiled);
  return compiled.runInThisContext()((id) => (id.startsWith('./') ? load(id.slice(2)) : getBuiltinModule(id)));
}

/** The build makes the caches: after a run they hold what such a run needs. */
function writeCaches() {
  for (const [name, compiled] of scripts) writeFileSync(cacheOf(name), compiled.createCachedData());
}

/** What a worker is to be, and the function for it. */
const WORKERS = { thread: 'thread', compiler: 'compilerThread' };

if (descriptor in WORKERS) {
  const { workerData } = getBuiltinModule('node:worker_threads');
  load('tsemu.js')[WORKERS[descriptor]](architecture, workerData);
} else {
  const onExit = isMakingCaches ? writeCaches : undefined;
  load('tsemu.js').main({
    directory,
    architecture: onExit === undefined ? architecture : architecture.slice(0, -1),
    descriptor: Number(descriptor),
    onExit,
  });
}
