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
 * Workers are given its text, too, with `thread` or `compiler` as the descriptor and the files' place in memory: what is
 * read while a guest has several threads can be another file by then.
 */
'use strict';
// Not require: its bookkeeping costs as much as the modules, which Node has loaded already.
const { getBuiltinModule } = process;
const { readFileSync, writeFileSync } = getBuiltinModule('node:fs');
const { Script } = getBuiltinModule('node:vm');

const LOADER = 'tsemu.cjs';

const [, script, architecture, descriptor, ...place] = process.argv;
const isMakingCaches = architecture.endsWith('!');
const cacheOf = (name) => `${name}.cache`;

/** Of the index of files in memory: bytes of an entry, of the name in it, behind which are offset and size, and of both. */
const ENTRY = 64;
const NAME = 48;
const WORD = 8;

const files = place.length > 0 ? filesInMemory('', ...place.map(Number)) : filesIn(script);

/**
 * The files in this script's directory, until they are kept. Those that are held are had as they were then, if others have
 * been put in their place since: another build's would not go with what runs already.
 */
function filesIn(path) {
  const directory = path.slice(0, path.lastIndexOf('/') + 1);
  const held = new Map();
  const needed = (names) => [LOADER, ...names, ...names.map(cacheOf)];
  let current = { read: readOne, hold, keep: keepAll };
  function readOne(name) {
    const place = held.get(name);
    if (place === undefined) return readFileSync(directory + name);
    return Buffer.from(getBuiltinModule('node:ffi').toArrayBuffer(BigInt(place.address), place.size, true));
  }
  function hold(names, map) {
    for (const name of needed(names)) held.set(name, map(directory + name));
  }
  function keepAll(names) {
    const archive = pack(
      needed(names).flatMap((name) => {
        const bytes = unlessMissing(() => readOne(name));
        return bytes === undefined ? [] : [{ name, bytes }];
      }),
    );
    current = filesInMemory(directory, Number(getBuiltinModule('node:ffi').getRawPointer(archive)), archive.length);
    // It is found by its address only.
    current.archive = archive;
    return current.keep();
  }
  return {
    directory,
    read: (name) => current.read(name),
    hold: (names, map) => current.hold(names, map),
    keep: (names) => current.keep(names),
  };
}

/** As scripts/build-sea.ts lays them out, but for whole pages. */
function pack(parts) {
  let offset = ENTRY * (parts.length + 2);
  const archive = Buffer.alloc(parts.reduce((sum, { bytes }) => sum + bytes.length, offset));
  for (const [i, { name, bytes }] of parts.entries()) {
    const at = ENTRY * (i + 1);
    archive.write(name, at, 'latin1');
    archive.writeBigUInt64LE(BigInt(offset), at + NAME);
    archive.writeBigUInt64LE(BigInt(bytes.length), at + NAME + WORD);
    archive.set(bytes, offset);
    offset += bytes.length;
    release(bytes);
  }
  return archive;
}

function unlessMissing(action) {
  try {
    return action();
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The files at an address. Entries have a name, offset and size from byte 64 on, where the first is. */
function filesInMemory(directory, address, size) {
  const bytes = Buffer.from(getBuiltinModule('node:ffi').toArrayBuffer(BigInt(address), size, false));
  const places = new Map();
  for (let at = ENTRY; bytes[at] !== 0; at += ENTRY) {
    const name = bytes.latin1Slice(at, bytes.indexOf(0, at));
    const [offset, length] = [NAME, NAME + WORD].map((field) => Number(bytes.readBigUInt64LE(at + field)));
    // Behind them are the parts for the launcher.
    if (offset + length <= size) places.set(name, bytes.subarray(offset, offset + length));
  }
  const read = (name) => {
    const file = places.get(name);
    if (file === undefined) throw new Error(`${name} is not in memory`);
    return file;
  };
  const keep = () => ({ text: read(LOADER).latin1Slice(), args: [address, size].map(String) });
  return { directory, read, hold: () => {}, keep };
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
  load('tsemu.js')[WORKERS[descriptor]](architecture, workerData, files);
} else {
  const onExit = isMakingCaches ? writeCaches : undefined;
  load('tsemu.js').main({
    files,
    architecture: onExit === undefined ? architecture : architecture.slice(0, -1),
    descriptor: Number(descriptor),
    onExit,
  });
}
