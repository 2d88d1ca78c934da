/**
 * dist/tsemu.cjs: what Node is started with. Loads the bundles with V8's code
 * cache, which the build makes from a real run: compiling them takes 8 ms
 * without it, 1.5 ms with it. A cache that does not fit (another Node, other
 * flags) is ignored by V8.
 *
 *     node FLAGS dist/tsemu.cjs ARCHITECTURE DESCRIPTOR
 *
 * In the self-contained executable Node is given this file's text, and where
 * the launcher has mapped the others (scripts/build-sea.ts says how they lie):
 *
 *     node FLAGS -e TEXT /proc/self/exe ARCHITECTURE DESCRIPTOR ADDRESS SIZE
 *
 * Workers start it too, with `thread` or `compiler` as the descriptor.
 */
'use strict';
// Not require: its bookkeeping costs as much as the modules, which Node has loaded already.
const { getBuiltinModule } = process;
const { readFileSync, writeFileSync } = getBuiltinModule('node:fs');
const { Script } = getBuiltinModule('node:vm');

/** How often a file is read anew when that fails: a thread that does nothing else spoils four of five attempts. */
const READ_ATTEMPTS = 500;

const [, script, architecture, descriptor, ...place] = process.argv;
const isMakingCaches = architecture.endsWith('!');
const files = place.length > 0 ? filesInMemory(...place.map(Number)) : filesBeside(script);
const cacheOf = (name) => `${name}.cache`;

/** The files in this script's directory. */
function filesBeside(path) {
  const directory = path.slice(0, path.lastIndexOf('/') + 1);
  // A guest's other thread may close any descriptor, or put another file in its place: this one too while it is read.
  const read = (name) => {
    for (let left = READ_ATTEMPTS; ; left--) {
      try {
        return readFileSync(directory + name);
      } catch (error) {
        if (error.code === 'ENOENT' || left === 0) throw error;
      }
    }
  };
  return { directory, read, script: { source: path, isText: false }, args: [] };
}

/** The files in the executable. Entries have a name, offset and size from byte 64 on, where the first is. */
function filesInMemory(address, size) {
  const ENTRY = 64;
  const NAME = 48;
  const bytes = Buffer.from(getBuiltinModule('node:ffi').toArrayBuffer(BigInt(address), size, false));
  const places = new Map();
  for (let at = ENTRY; bytes[at] !== 0; at += ENTRY) {
    const name = bytes.latin1Slice(at, bytes.indexOf(0, at));
    const [offset, length] = [NAME, NAME + 8].map((field) => Number(bytes.readBigUInt64LE(at + field)));
    // Behind them are the parts for the launcher.
    if (offset + length <= size) places.set(name, bytes.subarray(offset, offset + length));
  }
  const read = (name) => {
    const file = places.get(name);
    if (file === undefined) throw new Error(`${name} is not in this program`);
    return file;
  };
  const source = read('tsemu.cjs').latin1Slice();
  return { directory: '', read, script: { source, isText: true }, args: [address, size].map(String) };
}

function readCache(name) {
  try {
    return files.read(cacheOf(name));
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

function readText(name) {
  const bytes = files.read(name);
  const text = bytes.latin1Slice();
  release(bytes);
  return text;
}

/** Scripts loaded so far, by the bundles' names. */
const scripts = new Map();

/** Loads a bundle: a function expression that takes require and gives its exports. Bundles are ASCII. */
function load(name) {
  // The rows' effects are many small functions, each of which some guest needs: all of them are in the compiler's cache.
  const eager = isMakingCaches && name.startsWith('compiler');
  // node:v8 brings Node's streams along, 3 ms: it is not for every start.
  if (eager) getBuiltinModule('node:v8').setFlagsFromString('--no-lazy');
  const cachedData = readCache(name);
  // By its name only: a path would be in the cache, which is to be the same wherever it is made.
  const compiled = new Script(readText(name), { filename: name, cachedData });
  release(cachedData);
  if (eager) getBuiltinModule('node:v8').setFlagsFromString('--lazy');
  scripts.set(name, compiled);
  return compiled.runInThisContext()((id) => (id.startsWith('./') ? load(id.slice(2)) : getBuiltinModule(id)));
}

/** The build makes the caches: after a run they hold what such a run needs. */
function writeCaches() {
  for (const [name, compiled] of scripts) writeFileSync(files.directory + cacheOf(name), compiled.createCachedData());
}

/** What a worker is to be, and the function for it. */
const WORKERS = { thread: 'thread', compiler: 'compilerThread' };

if (descriptor in WORKERS) {
  const { workerData } = getBuiltinModule('node:worker_threads');
  load('tsemu.js')[WORKERS[descriptor]](architecture, workerData);
} else {
  const onExit = isMakingCaches ? writeCaches : undefined;
  load('tsemu.js').main({
    files,
    architecture: onExit === undefined ? architecture : architecture.slice(0, -1),
    descriptor: Number(descriptor),
    onExit,
  });
}
