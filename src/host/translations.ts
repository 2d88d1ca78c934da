/**
 * What was translated of a program, kept in a file for its later runs: each
 * translation with the guest code it was made of, so that it can be seen to fit,
 * and with the machine code that V8 made of it.
 *
 * A file is a header, which is its key, and records one behind the other;
 * processes that end append theirs. Of a file that is damaged, or was written by
 * another V8, nothing is used, and it is removed.
 *
 *     record: the words MAGIC, length, checksum of what follows, pc, flags,
 *             count of numbers, lengths of guest code, module and machine code
 *             (f64 each), then these four, padded to 8 bytes
 *
 * Whoever can write such a file can have any code executed: the directory is the
 * user's own, and nobody else may write there.
 */
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';

/** The addon module-code.node. */
interface ModuleCode {
  codeOf(module: WebAssembly.Module): Uint8Array;
  moduleOf(bytes: Uint8Array, code: Uint8Array): WebAssembly.Module | undefined;
}

/** A translated region. */
export interface Translation {
  /** Guest address. */
  pc: number;
  /** Says, as one number, for which circumstances it is. */
  flags: number;
  /** What else there is to be known of it. */
  numbers: readonly number[];
  /** The guest's code that it was made of. */
  guestCode: Uint8Array;
  /** The module. */
  bytes: Uint8Array<ArrayBuffer>;
}

const MAGIC = 0x7473656d75;
const WORDS = 9;
/** Bytes that a file may have, and files that there may be; then the oldest go. */
const FILE_LIMIT = 64 << 20;
const FILE_COUNT = 400;
const READ = constants.O_RDONLY | constants.O_NOFOLLOW;
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

interface Place {
  offset: number;
  length: number;
  flags: number;
}

/** The translations of one program at a time. */
export class Translations {
  private readonly directory: string;
  private readonly key: string;
  private readonly addon: string;
  private code: ModuleCode | undefined;
  private header = Buffer.alloc(0);
  private path = '';
  private places = new Map<number, Place[]>();

  /**
   * @param directory where files are kept
   * @param key tells versions of the emulator apart, and settings that translations depend on
   * @param addon path of module-code.node
   */
  constructor(directory: string, key: string, addon: string) {
    this.directory = directory;
    this.key = key;
    this.addon = addon;
  }

  /** Turns to those of a program, by its path. */
  open(program: string): void {
    const text = Buffer.from(`${this.key} ${process.version} ${program}\n`, 'latin1');
    this.header = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, 32)]);
    this.path = `${this.directory}/${hash(this.header)}`;
    this.places = new Map();
  }

  /** Whether there may be any. */
  get exist(): boolean {
    return (statSync(this.path, { throwIfNoEntry: false })?.size ?? 0) > this.header.length;
  }

  /** Calls back with the address and the numbers of each. */
  forEach(action: (pc: number, numbers: Float64Array) => void): void {
    const bytes = this.read();
    this.places = new Map();
    if (bytes === undefined) return;
    for (let offset = this.header.length; offset < bytes.length; ) {
      const words = new Float64Array(
        bytes.buffer,
        bytes.byteOffset + offset,
        Math.min(WORDS, (bytes.length - offset) >> 3),
      );
      const [magic, length, , pc, flags, count] = words;
      if (magic !== MAGIC || offset + length > bytes.length) {
        this.remove();
        return;
      }
      const places = this.places.get(pc);
      const place = { offset, length, flags };
      if (places) places.push(place);
      else this.places.set(pc, [place]);
      action(pc, new Float64Array(bytes.buffer, bytes.byteOffset + offset + 8 * WORDS, count));
      offset += length;
    }
  }

  /** The translation for an address and circumstances, if there is one. */
  find(pc: number, flags: number): { translation: Translation; code: Uint8Array } | undefined {
    const place = this.places.get(pc)?.find((one) => one.flags === flags);
    if (place === undefined) return undefined;
    const { offset, length } = place;
    const record = new Uint8Array(length);
    const found = withFile(this.path, READ, (fd) => readSync(fd, record, 0, length, offset) === length);
    const words = new Float64Array(record.buffer, 0, WORDS);
    const [magic, , sum, , , count, guestLength, moduleLength, codeLength] = words;
    if (!found || magic !== MAGIC || sum !== checksum(record)) {
      this.remove();
      return undefined;
    }
    let at = 8 * WORDS;
    const take = (size: number) => record.subarray(at, (at += size));
    const numbers = [...new Float64Array(record.buffer, at, count)];
    at += 8 * count;
    const guestCode = take(guestLength);
    const bytes = take(moduleLength);
    return { translation: { pc, flags, numbers, guestCode, bytes }, code: take(codeLength) };
  }

  /** The module with machine code; undefined, and nothing is left of the file, if V8 does not take that. */
  moduleOf({ bytes }: Translation, code: Uint8Array): WebAssembly.Module | undefined {
    const module = this.moduleCode.moduleOf(bytes, code);
    if (module === undefined) this.remove();
    return module;
  }

  /** It does not fit any more. */
  forget(pc: number, flags: number): void {
    const places = this.places.get(pc);
    if (places)
      this.places.set(
        pc,
        places.filter((one) => one.flags !== flags),
      );
  }

  /** Writes translations for later runs, as far as that is possible. */
  append(translations: ReadonlyMap<Translation, WebAssembly.Module>): void {
    if (isFileSizeLimited()) return;
    // Other threads or processes may have written the same meanwhile.
    this.forEach(() => {});
    const isKnown = ({ pc, flags }: Translation) =>
      this.places.get(pc)?.some((place) => place.flags === flags) === true;
    const records = [...translations].filter(([one]) => !isKnown(one)).map(([one, module]) => this.encode(one, module));
    if (records.length === 0 || !isPrivate(this.directory)) return;
    const isNew = !this.exist;
    if (isNew) this.makeRoom();
    withFile(this.path, APPEND, (fd) => {
      const { size, uid } = fstatSync(fd);
      if (uid !== process.geteuid?.()) return;
      if (size > FILE_LIMIT) this.remove();
      // In one piece, so that those of others come before or behind it.
      writeSync(fd, Buffer.concat(size === 0 ? [this.header, ...records] : records));
    });
  }

  private encode({ pc, flags, numbers, guestCode, bytes }: Translation, module: WebAssembly.Module): Uint8Array {
    const code = this.moduleCode.codeOf(module);
    const used = 8 * (WORDS + numbers.length) + guestCode.length + bytes.length + code.length;
    const record = new Uint8Array((used + 7) & ~7);
    const words = new Float64Array(record.buffer);
    words.set([MAGIC, record.length, 0, pc, flags, numbers.length, guestCode.length, bytes.length, code.length]);
    words.set(numbers, WORDS);
    let at = 8 * (WORDS + numbers.length);
    for (const part of [guestCode, bytes, code]) {
      record.set(part, at);
      at += part.length;
    }
    words[2] = checksum(record);
    return record;
  }

  private get moduleCode(): ModuleCode {
    if (this.code === undefined) {
      const module = { exports: {} };
      process.dlopen(module, this.addon);
      this.code = module.exports as ModuleCode;
    }
    return this.code;
  }

  /** The whole file, if it is one of ours. */
  private read(): Uint8Array | undefined {
    const { header } = this;
    const bytes = withFile(this.path, READ, (fd) => {
      const { uid, size } = fstatSync(fd);
      const all = new Uint8Array(size);
      return uid === process.geteuid?.() && readSync(fd, all) === size ? all : undefined;
    });
    return bytes !== undefined && header.equals(bytes.subarray(0, header.length)) ? bytes : undefined;
  }

  private remove(): void {
    this.places = new Map();
    attempt(() => unlinkSync(this.path));
  }

  /** Removes the files that were written to least recently, if there are many. */
  private makeRoom(): void {
    attempt(() => {
      const names = readdirSync(this.directory);
      if (names.length < FILE_COUNT) return;
      const files = names.map((name) => `${this.directory}/${name}`);
      const age = (path: string) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
      const byAge = files.map((path) => ({ path, age: age(path) })).sort((a, b) => a.age - b.age);
      for (const { path } of byAge.slice(0, FILE_COUNT >> 2)) attempt(() => unlinkSync(path));
    });
  }
}

/** Makes the directory if it is not there; whether it is the user's and nobody else can write in it. */
function isPrivate(directory: string): boolean {
  return (
    attempt(() => {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const { uid, mode } = statSync(directory);
      return uid === process.geteuid?.() && (mode & 0o022) === 0;
    }) === true
  );
}

/** A write beyond RLIMIT_FSIZE would be the guest's death, by SIGXFSZ. */
function isFileSizeLimited(): boolean {
  const limits = attempt(() => readFileSync('/proc/self/limits', 'latin1'));
  return limits === undefined || !/^Max file size +unlimited/m.test(limits);
}

/** What goes wrong here makes the next run slower, nothing else. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

function withFile<T>(path: string, flags: number, action: (fd: number) => T): T | undefined {
  return attempt(() => {
    const fd = openSync(path, flags, 0o600);
    try {
      return action(fd);
    } finally {
      closeSync(fd);
    }
  });
}

/** FNV-1a over the record's 32-bit words from its third f64 on. */
function checksum(record: Uint8Array): number {
  const words = new Uint32Array(record.buffer, record.byteOffset, record.length >> 2);
  let sum = 0x811c9dc5;
  for (let i = 6; i < words.length; i++) sum = Math.imul(sum ^ words[i], 0x01000193);
  return sum >>> 0;
}

/** 64 bits of FNV-1a, in hexadecimal: a name for a file. */
function hash(bytes: Uint8Array): string {
  let sum = 0xcbf29ce484222325n;
  for (const byte of bytes) sum = BigInt.asUintN(64, (sum ^ BigInt(byte)) * 0x100000001b3n);
  return sum.toString(16).padStart(16, '0');
}
