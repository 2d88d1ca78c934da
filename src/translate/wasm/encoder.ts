/**
 * A direct encoder of WebAssembly binaries: what the translator needs of the
 * binary format (core specification 3.0, chapter 5) and nothing more.
 *
 * A module is built by declaring imports first, then functions, then exports:
 *
 *     const m = new ModuleEncoder();
 *     const f = m.addFunction(m.type([I64], [I64]), [], (c) => c.localGet(0).op(Op.i64Eqz)…);
 *     m.exportFunction('f', f);
 *     new WebAssembly.Module(m.finish());
 *
 * The encoder does not validate; V8 does, and an error there is a bug here.
 */

/** Value types (binary format 5.3). */
export const I32 = 0x7f;
export const I64 = 0x7e;
export const F32 = 0x7d;
export const F64 = 0x7c;
export const V128 = 0x7b;
/** The empty block type. */
export const VOID = 0x40;
export type ValType = typeof I32 | typeof I64 | typeof F32 | typeof F64 | typeof V128;

/** A growing byte buffer with the format's integer encodings (5.2). */
export class ByteWriter {
  private buffer = new Uint8Array(256);
  length = 0;

  byte(b: number): this {
    if (this.length === this.buffer.length) this.grow(1);
    this.buffer[this.length++] = b;
    return this;
  }

  bytes(source: ArrayLike<number>): this {
    if (this.length + source.length > this.buffer.length) this.grow(source.length);
    this.buffer.set(source, this.length);
    this.length += source.length;
    return this;
  }

  /** Unsigned LEB128 of an integer below 2^53. */
  u(n: number): this {
    if (n < 0x80) return this.byte(n);
    let rest = n;
    while (rest >= 0x80) {
      this.byte((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    return this.byte(rest);
  }

  /** Signed LEB128 of a 32-bit integer. */
  s32(n: number): this {
    let rest = n | 0;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return this.byte(low);
      this.byte(low | 0x80);
    }
  }

  /** Signed LEB128 of a 64-bit integer, taken modulo 2^64. */
  s64(n: bigint): this {
    let rest = BigInt.asIntN(64, n);
    // Nearly all are small, and need no arithmetic on bigints.
    const small = Number(rest);
    if (small >= -0x8000_0000 && small <= 0x7fff_ffff) return this.s32(small);
    for (;;) {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      if ((rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0)) return this.byte(low);
      this.byte(low | 0x80);
    }
  }

  name(text: string): this {
    const utf8 = new TextEncoder().encode(text);
    return this.u(utf8.length).bytes(utf8);
  }

  /** The bytes written so far, a view. */
  view(): Uint8Array<ArrayBuffer> {
    return this.buffer.subarray(0, this.length);
  }

  private grow(needed: number): void {
    const next = new Uint8Array(Math.max(this.buffer.length * 2, this.length + needed));
    next.set(this.view());
    this.buffer = next;
  }
}

/** What an instruction reads or writes: memory index, static offset, log2 of the alignment hint. */
export interface MemArg {
  memory: number;
  offset: number;
  align: number;
}

interface Hint {
  offset: number;
  isLikely: boolean;
}

/** The body of one function. Every method appends one instruction and returns the writer. */
export class Code extends ByteWriter {
  /** Offsets of conditional branches that are hardly ever or nearly always taken (branch hinting proposal). */
  readonly hints: Hint[] = [];
  /** Which memory of the module each number stands for, if not the one with that index. */
  private readonly memories: readonly number[] | undefined;

  constructor(memories?: readonly number[]) {
    super();
    this.memories = memories;
  }

  /** A one-byte opcode, or a prefixed one as `prefix << 8 | opcode` (0xfc, 0xfd, 0xfe). */
  op(opcode: number): this {
    return opcode < 0x100 ? this.byte(opcode) : this.byte(opcode >> 8).u(opcode & 0xff);
  }
  /** An opcode of the relaxed-SIMD range, whose number needs more than a byte. */
  simd(opcode: number): this {
    return this.byte(0xfd).u(opcode);
  }
  localGet(index: number): this {
    return this.byte(0x20).u(index);
  }
  localSet(index: number): this {
    return this.byte(0x21).u(index);
  }
  localTee(index: number): this {
    return this.byte(0x22).u(index);
  }
  i32(value: number): this {
    return this.byte(0x41).s32(value);
  }
  i64(value: bigint): this {
    return this.byte(0x42).s64(value);
  }
  block(type: number = VOID): this {
    return this.byte(0x02).byte(type);
  }
  loop(type: number = VOID): this {
    return this.byte(0x03).byte(type);
  }
  if(type: number = VOID): this {
    return this.byte(0x04).byte(type);
  }
  /** An `if` whose body is hardly ever executed: V8 then keeps it, and what it does to registers, out of the way. */
  unlikelyIf(type: number = VOID): this {
    this.hints.push({ offset: this.length, isLikely: false });
    return this.if(type);
  }
  /** The same of its `else`. */
  likelyIf(type: number = VOID): this {
    this.hints.push({ offset: this.length, isLikely: true });
    return this.if(type);
  }
  else(): this {
    return this.byte(0x05);
  }
  end(): this {
    return this.byte(0x0b);
  }
  br(depth: number): this {
    return this.byte(0x0c).u(depth);
  }
  brIf(depth: number): this {
    return this.byte(0x0d).u(depth);
  }
  brTable(depths: readonly number[], fallback: number): this {
    this.byte(0x0e).u(depths.length);
    for (const depth of depths) this.u(depth);
    return this.u(fallback);
  }
  return(): this {
    return this.byte(0x0f);
  }
  call(index: number): this {
    return this.byte(0x10).u(index);
  }
  callIndirect(type: number, table = 0): this {
    return this.byte(0x11).u(type).u(table);
  }
  returnCallIndirect(type: number, table = 0): this {
    return this.byte(0x13).u(type).u(table);
  }
  f32(value: number): this {
    return this.byte(0x43).bytes(new Uint8Array(new Float32Array([value]).buffer));
  }
  f64(value: number): this {
    return this.byte(0x44).bytes(new Uint8Array(new Float64Array([value]).buffer));
  }
  /** A load, store or atomic access: the opcode, then its memory argument. */
  access(opcode: number, { memory, offset, align }: MemArg): this {
    return this.op(opcode).memarg({ memory, offset, align });
  }
  memarg({ memory, offset, align }: MemArg): this {
    const index = this.memories === undefined ? memory : this.memories[memory];
    if (index === 0) return this.u(align).u(offset);
    return this.u(align | 0x40)
      .u(index)
      .u(offset);
  }
}

export interface Limits {
  shared: boolean;
  address: 'i32' | 'i64';
  /** Size in 64 KiB pages; the memory may be given with fewer if `atMost`. */
  pages: number;
  atMost?: boolean;
}

/** A table type: nullable references to functions of a type. */
function typedTable(type: number, least: number, most: number): Uint8Array {
  return new ByteWriter().byte(0x63).s32(type).byte(1).u(least).u(most).view();
}

/** One module: sections are collected and written in the order the format wants (5.5). */
export class ModuleEncoder {
  private readonly types: string[] = [];
  private readonly imports: ByteWriter[] = [];
  private readonly bodies: { type: number; code: Uint8Array; localsLength: number; hints: readonly Hint[] }[] = [];
  private readonly exports = new ByteWriter();
  private exportCount = 0;
  private functionImports = 0;
  private memoryImports = 0;
  /** Number of tables, but for the one of {@link setTable}. */
  private tables = 0;
  private readonly ownTables: Uint8Array[] = [];
  private moduleName = '';
  private functionName: { index: number; text: string } | undefined;
  private localNames: { index: number; names: ReadonlyMap<number, string> } | undefined;
  private readonly codeOffsets: number[] = [];
  private elements: readonly number[] = [];

  /** The index of a function type, declared once. */
  type(params: readonly ValType[], results: readonly ValType[]): number {
    const key = [0x60, params.length, ...params, results.length, ...results].join();
    const known = this.types.indexOf(key);
    return known >= 0 ? known : this.types.push(key) - 1;
  }

  importFunction(name: string, type: number): number {
    this.imports.push(new ByteWriter().name('e').name(name).byte(0).u(type));
    return this.functionImports++;
  }

  importMemory(name: string, { shared, address, pages, atMost = false }: Limits): number {
    const flags = 1 | (shared ? 2 : 0) | (address === 'i64' ? 4 : 0);
    this.imports.push(
      new ByteWriter()
        .name('e')
        .name(name)
        .byte(2)
        .byte(flags)
        .u(atMost ? 0 : pages)
        .u(pages),
    );
    return this.memoryImports++;
  }

  /** A table of functions of one type; calls through it need no test of the type, nor of a constant index below `least`. */
  importTable(name: string, type: number, least: number, most: number): number {
    this.imports.push(
      new ByteWriter()
        .name('e')
        .name(name)
        .byte(1)
        .bytes(typedTable(type, least, most)),
    );
    return this.tables++;
  }

  /** Makes and exports such a table; its index. All imports come first. */
  exportTable(name: string, type: number, least: number, most: number): number {
    this.ownTables.push(typedTable(type, least, most));
    this.exports.name(name).byte(1).u(this.tables);
    this.exportCount++;
    return this.tables++;
  }

  /** The module's name in stack traces. */
  setName(name: string): void {
    this.moduleName = name;
  }
  /** Names one function, in the module's name section. */
  nameFunction(index: number, text: string): void {
    this.functionName = { index, text };
  }
  /** Names locals of one function. */
  nameLocals(index: number, names: ReadonlyMap<number, string>): void {
    this.localNames = { index, names };
  }

  /** Offset in the finished module of a function's first instruction. */
  codeOffset(index: number): number {
    return this.codeOffsets[index - this.functionImports];
  }

  /**
   * @param locals types of the locals after the parameters
   * @param code the body without its final `end`
   */
  addFunction(type: number, locals: readonly ValType[], code: Code): number {
    const body = new ByteWriter();
    const runs: [number, ValType][] = [];
    for (const local of locals) {
      const last = runs.at(-1);
      if (last && last[1] === local) last[0]++;
      else runs.push([1, local]);
    }
    body.u(runs.length);
    for (const [count, local] of runs) body.u(count).byte(local);
    const localsLength = body.length;
    body.bytes(code.view()).byte(0x0b);
    this.bodies.push({ type, code: body.view(), localsLength, hints: code.hints });
    return this.functionImports + this.bodies.length - 1;
  }

  /** Declares a table of functions, behind all others, with these function indices from entry 0; its index. */
  setTable(functions: readonly number[]): number {
    this.elements = functions;
    return this.tables;
  }

  /** The function's index once {@link addFunction} has been called `ahead` more times. */
  nextFunction(ahead = 0): number {
    return this.functionImports + this.bodies.length + ahead;
  }

  exportFunction(name: string, index: number): void {
    this.exports.name(name).byte(0).u(index);
    this.exportCount++;
  }

  /** The section of branch hints: by function, offsets from the start of its body, each with one byte. */
  private writeHints(out: ByteWriter): void {
    const hinted = this.bodies.filter(({ hints }) => hints.length > 0);
    if (hinted.length === 0) return;
    const content = new ByteWriter().name('metadata.code.branch_hint').u(hinted.length);
    for (const body of hinted) {
      content.u(this.functionImports + this.bodies.indexOf(body)).u(body.hints.length);
      for (const { offset, isLikely } of body.hints)
        content
          .u(body.localsLength + offset)
          .u(1)
          .u(Number(isLikely));
    }
    out.byte(0).u(content.length).bytes(content.view());
  }

  finish(): Uint8Array<ArrayBuffer> {
    let lastContentLength = 0;
    const out = new ByteWriter().bytes([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    const section = (id: number, count: number, write: (w: ByteWriter) => void) => {
      if (count === 0) return;
      const content = new ByteWriter().u(count);
      write(content);
      out.byte(id).u(content.length).bytes(content.view());
      lastContentLength = content.length;
    };
    section(1, this.types.length, (w) => {
      for (const type of this.types) w.bytes(type.split(',').map(Number));
    });
    section(2, this.imports.length, (w) => {
      for (const entry of this.imports) w.bytes(entry.view());
    });
    section(3, this.bodies.length, (w) => {
      for (const { type } of this.bodies) w.u(type);
    });
    const { elements } = this;
    section(4, this.ownTables.length + (elements.length && 1), (w) => {
      for (const table of this.ownTables) w.bytes(table);
      if (elements.length > 0) w.byte(0x70).byte(1).u(elements.length).u(elements.length);
    });
    section(7, this.exportCount, (w) => w.bytes(this.exports.view()));
    section(9, elements.length && 1, (w) => {
      // Active, of an explicit table, with an offset expression and function indices.
      w.byte(2).u(this.tables).byte(0x41).s32(0).byte(0x0b).byte(0).u(elements.length);
      for (const index of elements) w.u(index);
    });
    this.writeHints(out);
    const starts: number[] = [];
    section(10, this.bodies.length, (w) => {
      for (const { code, localsLength } of this.bodies) {
        w.u(code.length);
        starts.push(w.length + localsLength);
        w.bytes(code);
      }
    });
    // The code section was the last to be written: its content ends where the output does.
    const codeStart = out.length - lastContentLength;
    this.codeOffsets.push(...starts.map((start) => codeStart + start));
    if (this.moduleName !== '') {
      const name = new ByteWriter().name(this.moduleName);
      const content = new ByteWriter().name('name').byte(0).u(name.length).bytes(name.view());
      if (this.functionName !== undefined) {
        const { index, text } = this.functionName;
        const names = new ByteWriter().u(1).u(index).name(text);
        content.byte(1).u(names.length).bytes(names.view());
      }
      if (this.localNames !== undefined) {
        const { index, names } = this.localNames;
        const locals = new ByteWriter().u(1).u(index).u(names.size);
        for (const [local, text] of [...names].sort(([a], [b]) => a - b)) locals.u(local).name(text);
        content.byte(2).u(locals.length).bytes(locals.view());
      }
      out.byte(0).u(content.length).bytes(content.view());
    }
    return out.view().slice();
  }
}
