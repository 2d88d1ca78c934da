/**
 * A region as the text of a JavaScript function: the reference that the
 * WebAssembly back end is checked against, and readable (`-d out_js`).
 *
 *     function pc_10188(depth) {
 *       let a0 = r[10], a1 = r[11];
 *       for (let block = 0; ; ) switch (block) {
 *         case 0: { // 0x10188
 *           a0 = r[10] = i64(a0 + 8n);
 *           …
 *
 * It returns the guest address to go on at, as regions do (wasm/region-type.ts). Each register has a local, and each
 * write goes to its cell as well, so that the state is exact everywhere. Nothing
 * is done for speed.
 */
import { type Architecture, isVector } from '../../cpu/arch.ts';
import type { Statement, Value } from '../../cpu/ir.ts';
import type { Operand } from '../../cpu/row.ts';
import type { Block, Ending, Instruction, Known, Region, Target } from '../region/graph.ts';
import { overwrites } from '../region/overwrites.ts';
import { registerAt, registerOf } from '../region/register-numbers.ts';
import { Counts, valuesOf } from '../walk.ts';
import type { Write } from '../wasm/lower.ts';
import { accessName } from './access.ts';
import { isConstant, literal, operation, vectorLiteral } from './values.ts';

/** What a comment says of an instruction, beside its address. */
export type Describe = (pc: number) => string;

const hex = (pc: number): string => `0x${pc.toString(16)}`;

export function regionSource(arch: Architecture, region: Region, name: string, describe?: Describe): string {
  return new RegionSource(arch, region, describe).print(name);
}

/** Kinds of values whose text may be repeated: it costs nothing and has no effect. */
const FREE = new Set<Value['kind']>(['const', 'vector', 'operand', 'reg', 'pc', 'next']);

class RegionSource {
  private readonly arch: Architecture;
  private readonly region: Region;
  private readonly describe: Describe | undefined;
  private readonly registers = new Set<number>();
  private readonly computed = new Map<Value, string>();
  private uses = new Map<Value, number>();
  private lastUse = new Map<Value, number>();
  private readonly lines: string[] = [];
  private names = 0;
  private indent = '      ';
  private instruction: Instruction = { pc: 0, length: 0, statements: [] };

  constructor(arch: Architecture, region: Region, describe: Describe | undefined) {
    this.arch = arch;
    this.region = region;
    this.describe = describe;
    for (const { instructions } of region.blocks) {
      for (const { statements } of instructions) for (const statement of statements) this.findRegisters(statement);
    }
  }

  print(name: string): string {
    const { blocks } = this.region;
    // In the order of addresses, so that most of what falls through in the guest does so here.
    const order = [...blocks.keys()].sort((a, b) => blocks[a].pc - blocks[b].pc);
    order.forEach((block, position) => {
      this.line(`case ${block}: { // ${hex(blocks[block].pc)}`, -1);
      this.block(blocks[block], order[position + 1]);
      this.line('}', -1);
    });
    const hasDispatcher = blocks[0].ending.kind === 'dispatch';
    const load = this.registers.size > 0 ? [`  let ${this.loads().join(', ')};`] : [];
    return [
      `function ${name}(depth${hasDispatcher ? ', pc' : ''}) {`,
      ...load,
      '  for (let block = 0; ; ) switch (block) {',
      ...this.lines,
      '  }',
      '}',
      '',
    ].join('\n');
  }

  private line(text: string, depth = 0): void {
    this.lines.push(this.indent.slice(0, this.indent.length + 2 * depth) + text);
  }

  private block({ pc, instructions, ending }: Block, next: number | undefined): void {
    for (const instruction of instructions) {
      this.instruction = instruction;
      const text = this.describe?.(instruction.pc);
      this.line(`// ${hex(instruction.pc)}${text === undefined ? '' : `: ${text}`}`);
      this.lower(instruction.statements);
    }
    this.ending(ending, pc, next);
  }

  // Endings.

  private ending(ending: Ending, pc: number, next: number | undefined): void {
    switch (ending.kind) {
      case 'goto':
        this.goto(ending.target, pc, next);
        return;
      case 'branch':
        this.line(`if (${bare(this.text(ending.condition))}) {`);
        this.indented(() => this.goto(ending.taken, pc, undefined));
        this.line('}');
        this.goto(ending.next, pc, next);
        return;
      case 'call': {
        const { callee } = ending;
        if (callee === 'kernel') throw new Error('a region in JavaScript leaves system calls to the cold tier');
        const target = 'pc' in callee ? literal(callee.pc) : this.text(callee.address);
        if ('known' in callee) this.switch(target, callee.known, pc);
        const returned = this.name();
        this.line(`const ${returned} = call(depth, ${target});`);
        this.line(`if (${returned} !== ${literal(ending.returnPc)}) return ${returned};`);
        if (this.registers.size > 0) this.line(`${this.loads().join('; ')};`);
        this.goto(ending.next, pc, next);
        return;
      }
      case 'indirect': {
        const target = this.text(ending.address);
        if (ending.isDispatched) this.dispatch(target);
        else this.switch(target, ending.known, pc);
        this.line(`return ${target};`);
        return;
      }
      case 'dispatch':
        this.switch('pc', ending.known);
        this.line('return pc;');
        return;
      case 'leave':
        this.line(`return ${literal(ending.pc)};`);
        return;
    }
  }

  private goto(target: Target, from: number, next: number | undefined): void {
    if (!('block' in target)) {
      this.line(`return ${literal(target.pc)};`);
      return;
    }
    if (target.at !== undefined) {
      this.dispatch(literal(target.at));
      return;
    }
    const { pc } = this.region.blocks[target.block];
    // Every loop has such an edge.
    if (pc <= from) this.line(`if (interrupted()) return interrupt(${literal(pc)});`);
    if (target.block !== next) this.line(`block = ${target.block}; continue;`);
  }

  private dispatch(target: string): void {
    this.line(`if (interrupted()) return interrupt(${target});`);
    this.line(`pc = ${target}; block = 0; continue;`);
  }

  private switch(target: string, known: Known, from = -1): void {
    if (known.length === 0) return;
    if (known.some(({ pc }) => pc <= from)) this.line(`if (interrupted()) return interrupt(${target});`);
    this.line(`switch (${target}) {`);
    for (const { pc, block } of known) this.line(`  case ${literal(pc)}: block = ${block}; continue;`);
    this.line('}');
  }

  private indented(action: () => void): void {
    this.indent += '  ';
    action();
    this.indent = this.indent.slice(2);
  }

  // Statements.

  private lower(statements: readonly Statement[]): void {
    this.computed.clear();
    ({ uses: this.uses, lastUse: this.lastUse } = new Counts(statements));
    let skip: { end: number; known: ReadonlySet<Value> } | undefined;
    statements.forEach((statement, index) => {
      if (statement.kind === 'skip') {
        this.line(`if (${bare(this.text(statement.unless))}) {`);
        this.indent += '  ';
        skip = { end: index + statement.count, known: new Set(this.computed.keys()) };
        return;
      }
      if (statement.kind === 'setReg' || statement.kind === 'setCell') this.saveReads(index, statement);
      if (this.isForNext(statement, statements[index + 1])) this.uses.set(statement.value, 1);
      else this.statement(statement);
      if (index !== skip?.end) return;
      for (const value of [...this.computed.keys()]) if (!skip.known.has(value)) this.computed.delete(value);
      this.indent = this.indent.slice(2);
      this.line('}');
    });
  }

  /** Whether a value has its place just before the only statement that uses it, and is all that statement writes. */
  private isForNext(statement: Statement, next: Statement | undefined): statement is Statement & { kind: 'evaluate' } {
    return (
      statement.kind === 'evaluate' &&
      next?.kind === 'setReg' &&
      next.value === statement.value &&
      this.uses.get(statement.value) === 2 &&
      registerOf(this.arch, next.operand) !== undefined
    );
  }

  /** Keeps what was read before a write that changes it and is needed after. */
  private saveReads(index: number, write: Write): void {
    for (const [value, last] of this.lastUse) {
      if (value.kind !== 'reg' && value.kind !== 'cell') continue;
      if (value.at > index || last <= index || this.computed.has(value) || !overwrites(this.arch, write, value))
        continue;
      this.keep(value);
    }
  }

  private statement(statement: Statement): void {
    const pc = literal(this.instruction.pc);
    switch (statement.kind) {
      case 'setReg': {
        const register = registerOf(this.arch, statement.operand);
        if (register !== undefined) this.setRegister(register, statement.value);
        return;
      }
      case 'setCell': {
        const { offset, bytes, value } = statement;
        const register = registerAt(this.arch, offset);
        if (register !== undefined) this.setRegister(register, value);
        else this.line(`setCell${8 * bytes}(${hex(offset)}, ${this.text(value)});`);
        return;
      }
      case 'store': {
        const { address, value, width } = statement;
        this.line(`${accessName.store(width)}(${pc}, ${this.text(address)}, ${this.text(value)});`);
        return;
      }
      case 'store128':
        this.line(`store128(${pc}, ${this.text(statement.address)}, ${this.text(statement.value)});`);
        return;
      case 'store_part': {
        const { address, value, count } = statement;
        this.line(`store_part(${pc}, ${this.text(address)}, ${this.text(value)}, ${this.text(count)});`);
        return;
      }
      case 'evaluate':
        this.keep(statement.value);
        return;
      case 'require': {
        const condition = this.text(statement.condition);
        if (condition !== 'true') this.line(`if (!${condition}) return again(${pc});`);
        return;
      }
      case 'aligned':
        this.line(`if ((${this.text(statement.address)} & ${statement.bytes - 1}n) !== 0n) return again(${pc});`);
        return;
      case 'fence':
        this.line('fence();');
        return;
      case 'branch':
        // What the ending depends on is computed at its place among the statements; so is the address below.
        this.text(statement.condition);
        return;
      case 'jumpTo':
        this.keep(statement.address);
        return;
      case 'jump':
      case 'trap':
      case 'skip':
        return;
    }
  }

  private setRegister(register: number, value: Value): void {
    const text = bare(this.text(value));
    const cell = isVector(this.arch, register) ? `setVector(${register}, ${text})` : `r[${register}] = ${text}`;
    this.line(`${this.register(register)} = ${cell};`);
  }

  // Values.

  private name(): string {
    return `$${++this.names}`;
  }

  /** Computes a value here and now. */
  private keep(value: Value): string {
    const known = this.computed.get(value);
    if (known !== undefined) return known;
    const text = this.compute(value);
    const name = isConstant(text) ? text : this.name();
    if (name !== text) this.line(`const ${name} = ${bare(text)};`);
    this.computed.set(value, name);
    return name;
  }

  /** A primary expression for a value. */
  private text(value: Value): string {
    const known = this.computed.get(value);
    if (known !== undefined) return known;
    if (!FREE.has(value.kind) && (this.uses.get(value) ?? 0) > 1) return this.keep(value);
    return this.compute(value);
  }

  private compute(value: Value): string {
    const { pc, length } = this.instruction;
    const texts = (values: readonly Value[]): string => values.map((v) => this.text(v)).join(', ');
    switch (value.kind) {
      case 'const':
        return literal(value.value);
      case 'vector':
        return vectorLiteral(value.value);
      case 'operand':
        return literal(numberOf(value.operand));
      case 'reg': {
        const register = registerOf(this.arch, value.operand);
        return register === undefined ? '0n' : this.register(register);
      }
      case 'cell': {
        const register = registerAt(this.arch, value.offset);
        return register === undefined ? `cell${8 * value.bytes}(${hex(value.offset)})` : this.register(register);
      }
      case 'pc':
        return literal(pc);
      case 'next':
        return literal(pc + length);
      case 'instructions':
        throw new Error('a region does not count instructions');
      case 'time':
        return 'time()';
      case 'random':
        return 'random()';
      case 'op':
        return operation(
          value.op,
          value.args.map((arg) => this.text(arg)),
        );
      case 'fp':
        return `fp('${value.op}', ${value.format}, ${texts([value.rounding, ...value.args])})`;
      case 'fp_lanes': {
        const lanes = `${value.format}, ${value.count}`;
        return `fp_lanes('${value.op}', ${lanes}, ${texts([value.rounding, ...value.args])})`;
      }
      case 'load':
        return `${accessName.load(value.width, value.signed)}(${literal(pc)}, ${this.text(value.address)})`;
      case 'load128':
        return `load128(${literal(pc)}, ${this.text(value.address)})`;
      case 'load_part':
        return `load_part(${literal(pc)}, ${texts([value.address, value.count])})`;
      case 'shuffle':
        return `shuffle(${texts(value.args)}, [${value.lanes.join(', ')}])`;
      case 'amo':
        return `${accessName.amo(value.op, value.width)}(${literal(pc)}, ${texts([value.address, value.value])})`;
      case 'cas':
        return `${accessName.cas(value.width)}(${literal(pc)}, ${texts([value.address, value.expected, value.value])})`;
      case 'version':
        return `version(${literal(pc)}, ${this.text(value.address)})`;
      case 'sc': {
        const parts = [value.address, value.version, value.expected, value.value].map((part) => this.text(part));
        this.line(`if (atomic_check(${parts[0]}) !== 0) return again(${literal(pc)});`);
        const stored = `${accessName.sc(value.width)}(${literal(pc)}, ${parts.join(', ')})`;
        return `(${this.text(value.condition)} ? ${stored} : 0n)`;
      }
      case 'cas_if': {
        const { width } = value;
        const [address, expected] = [value.address, value.expected].map((part) => this.text(part));
        this.line(`if (atomic_check(${address}) !== 0) return again(${literal(pc)});`);
        const condition = this.text(value.condition);
        const read = `${accessName.cas(width)}(${literal(pc)}, ${address}, ${expected}, ${this.text(value.value)})`;
        return `(${condition} && ${read} === BigInt.asIntN(${width}, ${expected}) ? 1n : 0n)`;
      }
    }
  }

  // Registers.

  private register(register: number): string {
    return this.arch.registerNames[register];
  }

  private loads(): string[] {
    const cell = (register: number) => (isVector(this.arch, register) ? `getVector(${register})` : `r[${register}]`);
    return [...this.registers]
      .sort((a, b) => a - b)
      .map((register) => `${this.register(register)} = ${cell(register)}`);
  }

  private findRegisters(statement: Statement): void {
    const add = (register: number | undefined) => {
      if (register !== undefined) this.registers.add(register);
    };
    for (const value of valuesOf([statement])) {
      if (value.kind === 'reg') add(registerOf(this.arch, value.operand));
      else if (value.kind === 'cell') add(registerAt(this.arch, value.offset));
    }
    if (statement.kind === 'setReg') add(registerOf(this.arch, statement.operand));
    else if (statement.kind === 'setCell') add(registerAt(this.arch, statement.offset));
  }
}

/** An expression without the parentheses around all of it. */
function bare(text: string): string {
  if (!text.startsWith('(')) return text;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')' && --depth === 0) return i === text.length - 1 ? text.slice(1, -1) : text;
  }
  return text;
}

function numberOf(operand: Operand): number {
  if (operand.value === undefined) throw new Error('an operand without a value in a region');
  return operand.value;
}
