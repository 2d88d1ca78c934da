/**
 * What was translated of a program, kept in a file for its later runs: each
 * translation with the guest code it was made of, so that it can be seen to fit,
 * and with the machine code that V8 made of it; and how often code was jumped to
 * that has not been translated.
 *
 * A file is a header, which is its key, and records one behind the other;
 * processes that end append theirs. Of a file that is damaged, or was written by
 * another V8, nothing is used, and it is removed.
 *
 *     record: the words MAGIC, length in bytes, checksum of what follows, count
 *             of translations, lengths of module and machine code (f64 each); for
 *             each translation pc, flags, count of numbers, length of guest code;
 *             the numbers of all; the guest code of all, module and machine code,
 *             padded to 8 bytes
 *     or:     the words JUMPS, length in bytes, checksum, then numbers as {@link Jumps} has them
 *
 * Whoever can write such a file can have any code executed: the directory is the
 * user's own, and nobody else may write there. In a sandbox, nor is a file open
 * while another thread could put its own in that place, or take hold of it.
 */
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { PAGE_SIZE } from './layout.ts';

/** The addon module-code.node. */
interface ModuleCode {
  codeOf(module: WebAssembly.Module): Uint8Array;
  moduleOf(bytes: Uint8Array, code: Uint8Array): WebAssembly.Module | undefined;
  checksum(bytes: Uint8Array): number;
}

/** A translated region. */
export interface Translation {
  /** Guest address. */
  pc: number;
  /** Says, as a number from 0 to 7, for which circumstances it is. */
  flags: number;
  /** What else there is to be known of it. */
  numbers: Float64Array;
  /** The guest's code that it was made of. */
  guestCode: Uint8Array;
}

/** Translations with the module that they are functions of. */
export interface TranslatedModule {
  translations: readonly Translation[];
  bytes: Uint8Array<ArrayBuffer>;
  module: WebAssembly.Module;
}

/**
 * Where `length` bytes of an open file, from `start` on, which is a multiple of PAGE_SIZE, lie in memory. Threads and processes
 * share what they look at, and of a large file most look at little.
 */
export type MapFile = (fd: number, start: number, length: number) => ArrayBuffer | undefined;

/** A part of the file that was mapped at once, also as words: whole records. */
interface Part {
  bytes: Uint8Array<ArrayBuffer>;
  words: Float64Array<ArrayBuffer>;
}

/** A translation in the file. */
export interface Found extends Translation {
  /** The record that it is in: its part, and the word in it at which it begins. */
  part: Part;
  record: number;
  /** How many functions the module has. */
  count: number;
  /** Bytes of the module for each of them. */
  length: number;
}

/** Jumps to code that is not translated in a run: for each address itself, how many there were, and after how many it is worth it. */
export type Jumps = ArrayLike<number>;
/** Numbers for an address. */
export const JUMPS_STRIDE = 3;

const MAGIC = 0x7473656d75;
const WORDS = 6;
const TRANSLATION_WORDS = 4;
const JUMPS = 0x6a756d7073;
const JUMPS_WORDS = 3;
/** Of a file jumps may be an eighth, but for as many bytes. */
const JUMPS_PART = 8;
const JUMPS_LEAST = 64 << 10;
/** Bytes that a file may have, and files that there may be, and bytes of them all; then the oldest go. A compiler's has 80 MB. */
const FILE_LIMIT = 256 << 20;
const FILE_COUNT = 400;
const TOTAL_LIMIT = 1 << 30;
const READ = constants.O_RDONLY | constants.O_NOFOLLOW;
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;

/** The translations of one program at a time. */
export class Translations {
  private readonly directory: string;
  private readonly key: string;
  private readonly addon: string;
  private readonly isSafe: () => boolean;
  private readonly map: MapFile;
  private code: ModuleCode | undefined;
  private header = Buffer.alloc(0);
  private path = '';
  /** Which file was read last, how many bytes of it have been read, and how many of them are of jumps. */
  private identity = '';
  private length = 0;
  private jumpsLength = 0;
  /** What is in it, by keys. */
  private readonly found = new Map<number, Found>();
  /** Keys of those that do not fit any more. */
  private readonly stale = new Set<number>();
  /** Modules of several translations that have been made, by the parts and words of their records. */
  private readonly modules = new Map<Part, Map<number, WebAssembly.Module>>();

  /**
   * @param directory where files are kept
   * @param key tells versions of the emulator apart, and settings that translations depend on
   * @param addon path of module-code.node
   * @param isSafe whether files may be opened now
   * @param map how a file is looked at
   */
  constructor(directory: string, key: string, addon: string, isSafe: () => boolean, map: MapFile) {
    this.directory = directory;
    this.key = key;
    this.addon = addon;
    this.isSafe = isSafe;
    this.map = map;
  }

  /** Turns to those of a program, by its path. */
  open(program: string): void {
    const text = Buffer.from(`${this.key} ${process.version} ${program}\n`, 'latin1');
    this.header = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, 32)]);
    this.path = `${this.directory}/${hash(this.header)}`;
    this.stale.clear();
    this.startAgain();
  }

  private startAgain(): void {
    this.identity = '';
    this.length = 0;
    this.jumpsLength = 0;
    this.found.clear();
    this.modules.clear();
  }

  /** Whether there may be any. */
  get exist(): boolean {
    return this.status.size > this.header.length;
  }

  private get status(): { size: number; identity: string } {
    const status = attempt(() => statSync(this.path, { throwIfNoEntry: false }));
    return { size: status?.size ?? 0, identity: status === undefined ? '' : identityOf(status) };
  }

  /** Reads them. Calls back with the address and the numbers of each translation, and with the jumps of each run. */
  load(onTranslation: (pc: number, numbers: Float64Array) => void, onJumps: (jumps: Jumps) => void): void {
    this.startAgain();
    this.loadNew(onTranslation, onJumps);
  }

  /** Reads what has been appended meanwhile; all if it is another file now. */
  private loadNew(onTranslation: (pc: number, numbers: Float64Array) => void, onJumps: (jumps: Jumps) => void): void {
    if (!this.isSafe()) return;
    const start = this.length;
    const bytes = this.read();
    if (bytes === undefined || !this.hasAddon) return;
    const words = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length >> 3);
    const part = { bytes, words };
    for (let at = start === 0 ? this.header.length >> 3 : 0; 8 * at < bytes.length; at += words[at + 1] >> 3) {
      const end = at + (words[at + 1] >> 3);
      const isJumps = words[at] === JUMPS;
      const least = isJumps ? JUMPS_WORDS : WORDS + TRANSLATION_WORDS * words[at + 3];
      const isRecord = (isJumps || words[at] === MAGIC) && end >= at + least && 8 * end <= bytes.length;
      // What is wrong with a module shows when it is asked for.
      const isWhole = isRecord && (!isJumps || this.isRight(part, at));
      if (!isWhole) {
        this.remove();
        return;
      }
      if (isJumps) {
        this.jumpsLength += words[at + 1];
        onJumps(words.subarray(at + JUMPS_WORDS, end));
        continue;
      }
      for (const one of translationsAt(part, at)) {
        // The last one counts: those before were for other code, or are in a module with others now.
        this.found.set(keyOf(one.pc, one.flags), one);
        onTranslation(one.pc, one.numbers);
      }
    }
  }

  /** The translation for an address and circumstances, if there is one. */
  find(pc: number, flags: number): Found | undefined {
    return this.found.get(keyOf(pc, flags));
  }

  /** The bytes of the module that a translation is in. */
  bytesOf({ part, record }: Found): Uint8Array<ArrayBuffer> {
    const start = 8 * numbersEnd(part, record) + sumOf(part, record, 3);
    return part.bytes.subarray(start, start + part.words[record + 4]);
  }

  /** The module, with its machine code; undefined, and nothing is left of the file, if it is damaged or V8 does not take that. */
  moduleOf(found: Found): WebAssembly.Module | undefined {
    const { part, record, count } = found;
    const known = this.modules.get(part)?.get(record);
    if (known !== undefined) return known;
    const bytes = this.bytesOf(found);
    const codeStart = bytes.byteOffset - part.bytes.byteOffset + bytes.length;
    const code = part.bytes.subarray(codeStart, codeStart + part.words[record + 5]);
    const module = this.isRight(part, record) ? this.moduleCode.moduleOf(bytes, code) : undefined;
    if (module === undefined) this.remove();
    else if (count > 1) {
      const ofPart = this.modules.get(part) ?? new Map();
      this.modules.set(part, ofPart.set(record, module));
    }
    return module;
  }

  private isRight(part: Part, record: number): boolean {
    return part.words[record + 2] === this.checksum(recordAt(part, record));
  }

  /** It does not fit any more. */
  forget(pc: number, flags: number): void {
    this.found.delete(keyOf(pc, flags));
    this.stale.add(keyOf(pc, flags));
  }

  /** Writes translations and jumps for later runs, as far as that is possible. Those that are there are replaced by joined ones. */
  append(modules: readonly TranslatedModule[], jumps: Jumps): void {
    if (!this.isSafe() || !this.hasAddon || isFileSizeLimited() || !isPrivate(this.directory)) return;
    const { stale } = this;
    // Other threads or processes may have written the same meanwhile.
    const ignore = () => {};
    const { size, identity } = this.status;
    if (identity !== this.identity || size < this.length) this.load(ignore, ignore);
    else if (size > this.length) this.loadNew(ignore, ignore);
    const isMissing = (key: number) => !this.found.has(key) || stale.has(key);
    const missing = modules.filter(
      ({ translations: all }) => all.length > 1 || all.some(({ pc, flags }) => isMissing(keyOf(pc, flags))),
    );
    const records = missing.map((one) => this.encode(one));
    const isRoom = this.jumpsLength < Math.max(JUMPS_LEAST, this.length / JUMPS_PART);
    if (jumps.length > 0 && isRoom) records.push(this.encodeJumps(jumps));
    if (records.length === 0) return;
    for (const { translations } of missing)
      for (const { pc, flags } of translations) this.found.delete(keyOf(pc, flags));
    const live = this.liveRecords();
    if (live !== undefined) {
      records.unshift(...live);
      this.unlink();
    }
    if (!this.exist) this.makeRoom();
    withFile(this.path, APPEND, (fd) => {
      const { size, uid } = fstatSync(fd);
      if (uid !== process.geteuid?.()) return;
      if (size > FILE_LIMIT) this.remove();
      // In one piece, so that those of others come before or behind it.
      writeSync(fd, Buffer.concat(size === 0 ? [this.header, ...records] : records));
    });
  }

  /** The records of which something is still found, if that is less than half of the file. */
  private liveRecords(): Uint8Array[] | undefined {
    const live = new Map<Part, Set<number>>();
    for (const { part, record } of this.found.values()) live.set(part, (live.get(part) ?? new Set()).add(record));
    const records = [...live].flatMap(([part, all]) => [...all].map((record) => recordAt(part, record)));
    const length = records.reduce((sum, one) => sum + one.length, 0);
    return 2 * length < this.length - this.jumpsLength ? records : undefined;
  }

  private encode({ translations, bytes, module }: TranslatedModule): Uint8Array {
    const code = this.moduleCode.codeOf(module);
    const heads = translations.flatMap((one) => [one.pc, one.flags, one.numbers.length, one.guestCode.length]);
    const numbers = translations.map((one) => one.numbers);
    const parts = [...translations.map((one) => one.guestCode), bytes, code];
    const wordCount = numbers.reduce((sum, one) => sum + one.length, WORDS + heads.length);
    const used = parts.reduce((sum, one) => sum + one.length, 8 * wordCount);
    const record = new Uint8Array((used + 7) & ~7);
    const words = new Float64Array(record.buffer);
    words.set([MAGIC, record.length, 0, translations.length, bytes.length, code.length, ...heads]);
    let at = WORDS + heads.length;
    for (const one of numbers) {
      words.set(one, at);
      at += one.length;
    }
    let byte = 8 * at;
    for (const part of parts) {
      record.set(part, byte);
      byte += part.length;
    }
    words[2] = this.checksum(record);
    return record;
  }

  private encodeJumps(jumps: Jumps): Uint8Array {
    const words = new Float64Array(JUMPS_WORDS + jumps.length);
    const record = new Uint8Array(words.buffer);
    words.set([JUMPS, record.length]);
    words.set(jumps, JUMPS_WORDS);
    words[2] = this.checksum(record);
    return record;
  }

  /** It needs a descriptor to be loaded, of which the program may have left none. */
  private get hasAddon(): boolean {
    return attempt(() => this.moduleCode) !== undefined;
  }

  /** Of a record, from its third word on. */
  private checksum(record: Uint8Array): number {
    return this.moduleCode.checksum(record.subarray(24));
  }

  private get moduleCode(): ModuleCode {
    if (this.code === undefined) {
      const module = { exports: {} };
      process.dlopen(module, this.addon);
      this.code = module.exports as ModuleCode;
    }
    return this.code;
  }

  /** What has not been read of the file, if it is one of ours. */
  private read(): Uint8Array<ArrayBuffer> | undefined {
    const { header, length } = this;
    const read = withFile(this.path, READ, (fd) => {
      const status = fstatSync(fd);
      const { uid, size } = status;
      const identity = identityOf(status);
      const isSame = length === 0 || identity === this.identity;
      if (!isSame || uid !== process.geteuid?.() || size <= length) return undefined;
      const start = length - (length % PAGE_SIZE);
      const buffer = this.map(fd, start, size - start);
      return buffer && { bytes: new Uint8Array(buffer, length - start, size - length), identity };
    });
    if (read === undefined || (length === 0 && !header.equals(read.bytes.subarray(0, header.length)))) return undefined;
    this.identity = read.identity;
    this.length += read.bytes.length;
    return read.bytes;
  }

  private remove(): void {
    this.startAgain();
    this.unlink();
  }

  private unlink(): void {
    attempt(() => unlinkSync(this.path));
  }

  /** Removes the files that were written to least recently, if there are many. */
  private makeRoom(): void {
    attempt(() => {
      const files = readdirSync(this.directory).map((name) => {
        const path = `${this.directory}/${name}`;
        const { mtimeMs = 0, size = 0 } = statSync(path, { throwIfNoEntry: false }) ?? {};
        return { path, mtimeMs, size };
      });
      let total = files.reduce((sum, { size }) => sum + size, 0);
      if (files.length < FILE_COUNT && total < TOTAL_LIMIT) return;
      files.sort((a, b) => a.mtimeMs - b.mtimeMs);
      const least = files.length < FILE_COUNT ? 0 : FILE_COUNT >> 2;
      for (const [i, { path, size }] of files.entries()) {
        if (i >= least && total < TOTAL_LIMIT / 2) return;
        attempt(() => unlinkSync(path));
        total -= size;
      }
    });
  }
}

function translationsAt(part: Part, record: number): Found[] {
  const { words, bytes } = part;
  const count = words[record + 3];
  const length = Math.ceil(words[record + 4] / count);
  const heads = record + WORDS;
  let numbersAt = heads + TRANSLATION_WORDS * count;
  let codeAt = 8 * numbersEnd(part, record);
  return Array.from({ length: count }, (_, i) => {
    const head = heads + TRANSLATION_WORDS * i;
    const [pc, flags, numberCount, codeLength] = words.subarray(head, head + TRANSLATION_WORDS);
    const numbers = words.subarray(numbersAt, (numbersAt += numberCount));
    const guestCode = bytes.subarray(codeAt, (codeAt += codeLength));
    return { pc, flags, numbers, guestCode, part, record, count, length };
  });
}

/** The sum of a field of all translations in a record. */
function sumOf({ words }: Part, record: number, field: number): number {
  let sum = 0;
  for (let i = 0; i < words[record + 3]; i++) sum += words[record + WORDS + TRANSLATION_WORDS * i + field];
  return sum;
}

function numbersEnd(part: Part, record: number): number {
  return record + WORDS + TRANSLATION_WORDS * part.words[record + 3] + sumOf(part, record, 2);
}

/** Tells files apart that were at the same place: the number of one that was removed is soon another's. */
const identityOf = ({ ino, birthtimeMs }: Stats): string => `${ino} ${birthtimeMs}`;

const recordAt = ({ bytes, words }: Part, record: number): Uint8Array =>
  bytes.subarray(8 * record, 8 * record + words[record + 1]);

/** Flags are less than 8. */
const keyOf = (pc: number, flags: number): number => 8 * pc + flags;

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

/** 64 bits of FNV-1a, in hexadecimal: a name for a file. */
function hash(bytes: Uint8Array): string {
  let sum = 0xcbf29ce484222325n;
  for (const byte of bytes) sum = BigInt.asUintN(64, (sum ^ BigInt(byte)) * 0x100000001b3n);
  return sum.toString(16).padStart(16, '0');
}
