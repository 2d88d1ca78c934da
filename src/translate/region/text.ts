/**
 * A region's intermediate representation as text (`-d op`).
 *
 *     region 0x10188: 1 block, 3 instructions
 *     block 0 at 0x10188
 *       0x10188: lw a5, 0(a0)
 *         %1 = load32_s(a0)
 *         a5 = %1
 *
 * A value that is used more than once, or has its place among the statements,
 * has a name. `old(a0)` is a0 before this instruction's write to it.
 */
import type { Architecture } from '../../cpu/arch.ts';
import type { Statement, Value } from '../../cpu/ir.ts';
import type { Operand } from '../../cpu/row.ts';
import { Counts } from '../walk.ts';
import type { Block, Ending, Instruction, Known, Region, Target } from './graph.ts';
import { overwrites } from './overwrites.ts';
import { registerAt, registerOf } from './register-numbers.ts';

const hex = (pc: number): string => `0x${pc.toString(16)}`;
const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

/** @param describe the instruction at an address, as assembly */
export function regionText(arch: Architecture, region: Region, describe?: (pc: number) => string): string {
  const { blocks, size } = region;
  const lines = [`region ${hex(blocks[0].pc)}: ${plural(blocks.length, 'block')}, ${plural(size, 'instruction')}`];
  blocks.forEach((block, index) => {
    lines.push(`block ${index} at ${hex(block.pc)}`);
    lines.push(...blockLines(arch, block, describe).map((line) => `  ${line}`));
  });
  return `${lines.join('\n')}\n`;
}

function blockLines(arch: Architecture, block: Block, describe?: (pc: number) => string): string[] {
  const lines: string[] = [];
  let text: InstructionText | undefined;
  for (const instruction of block.instructions) {
    const assembly = describe?.(instruction.pc);
    lines.push(`${hex(instruction.pc)}${assembly === undefined ? '' : `: ${assembly}`}`);
    text = new InstructionText(arch, instruction);
    lines.push(...text.lines().map((line) => `  ${line}`));
  }
  lines.push(endingText(block.ending, (value) => text?.value(value) ?? ''));
  return lines;
}

function endingText(ending: Ending, valueText: (value: Value) => string): string {
  const place = (target: Target): string => {
    if (!('block' in target)) return `exit ${hex(target.pc)}`;
    return `block ${target.block}${target.at === undefined ? '' : ` for ${hex(target.at)}`}`;
  };
  switch (ending.kind) {
    case 'goto':
      return `goto ${place(ending.target)}`;
    case 'branch':
      return `if ${valueText(ending.condition)} goto ${place(ending.taken)} else ${place(ending.next)}`;
    case 'call': {
      const { callee } = ending;
      const to = callee === 'kernel' ? 'the kernel' : 'pc' in callee ? hex(callee.pc) : valueText(callee.address);
      const known = callee !== 'kernel' && 'known' in callee ? callee.known : [];
      return `call ${to}${seen(known)}, returns to ${hex(ending.returnPc)}: ${place(ending.next)}`;
    }
    case 'indirect':
      return `goto ${ending.isDispatched ? 'block 0 for ' : ''}${valueText(ending.address)}${seen(ending.known)}`;
    case 'dispatch':
      return `dispatch${seen(ending.known)}`;
    case 'leave':
      return `leave ${hex(ending.pc)} to the cold tier`;
  }
}

const seen = (known: Known): string =>
  known.length === 0 ? '' : `, seen: ${known.map(({ pc, block }) => `${hex(pc)}: block ${block}`).join(', ')}`;

/** Kinds of values that are never named. */
const SIMPLE = new Set<Value['kind']>([
  'const',
  'vector',
  'operand',
  'reg',
  'cell',
  'pc',
  'next',
  'instructions',
  'time',
]);

class InstructionText {
  private readonly arch: Architecture;
  private readonly instruction: Instruction;
  private readonly uses: ReadonlyMap<Value, number>;
  private readonly names = new Map<Value, string>();
  private readonly out: string[] = [];
  /** The statement being printed. */
  private position = 0;

  constructor(arch: Architecture, instruction: Instruction) {
    this.arch = arch;
    this.instruction = instruction;
    this.uses = new Counts(instruction.statements).uses;
  }

  lines(): string[] {
    this.instruction.statements.forEach((statement, position) => {
      this.position = position;
      const line = this.statement(statement);
      if (line !== '') this.out.push(line);
    });
    return this.out;
  }

  value(value: Value): string {
    const name = this.names.get(value);
    if (name !== undefined) return name;
    if (SIMPLE.has(value.kind) || (this.uses.get(value) ?? 0) < 2) return this.compute(value);
    return this.name(value);
  }

  private name(value: Value): string {
    const text = this.compute(value);
    const name = `%${this.names.size + 1}`;
    this.names.set(value, name);
    this.out.push(`${name} = ${text}`);
    return name;
  }

  private statement(statement: Statement): string {
    switch (statement.kind) {
      case 'setReg':
        if (registerOf(this.arch, statement.operand) === undefined) return '';
        return `${this.register(statement.operand)} = ${this.value(statement.value)}`;
      case 'setCell':
        return `${this.cell(statement.offset, statement.bytes)} = ${this.value(statement.value)}`;
      case 'store':
        return `store${statement.width}(${this.value(statement.address)}, ${this.value(statement.value)})`;
      case 'store128':
        return `store128(${this.value(statement.address)}, ${this.value(statement.value)})`;
      case 'store_part':
        return `store_part(${[statement.address, statement.value, statement.count].map((v) => this.value(v)).join(', ')})`;
      case 'evaluate':
        if (!this.names.has(statement.value)) this.name(statement.value);
        return '';
      case 'require':
        return `require ${this.value(statement.condition)}${statement.otherwise === 'illegal' ? '' : ', or try again'}`;
      case 'aligned':
        return `aligned ${statement.bytes}, ${this.value(statement.address)}`;
      case 'fence':
        return 'fence';
      case 'branch':
        this.value(statement.condition);
        return '';
      case 'skip':
        return `skip ${statement.count} unless ${this.value(statement.unless)}`;
      case 'jumpTo':
        this.value(statement.address);
        return '';
      // The block's ending says it.
      case 'jump':
      case 'trap':
        return '';
    }
  }

  private compute(value: Value): string {
    const { pc, length, statements } = this.instruction;
    const call = (name: string, values: readonly Value[]) => `${name}(${values.map((v) => this.value(v)).join(', ')})`;
    switch (value.kind) {
      case 'const':
        return constantText(value.value);
      case 'vector':
        return `v128(0x${value.value.toString(16)})`;
      case 'operand':
        return `${value.operand.value}`;
      case 'reg':
      case 'cell': {
        const text = value.kind === 'reg' ? this.register(value.operand) : this.cell(value.offset, value.bytes);
        const since = statements.slice(value.at, this.position);
        return since.some((statement) => overwrites(this.arch, statement, value)) ? `old(${text})` : text;
      }
      case 'pc':
        return hex(pc);
      case 'next':
        return hex(pc + length);
      case 'instructions':
      case 'time':
      case 'random':
        return value.kind;
      case 'op':
        return call(value.op, value.args);
      case 'fp':
        return call(`f${value.format}.${value.op}`, [...value.args, value.rounding]);
      case 'fp_lanes':
        return call(`f${value.format}x${value.count}.${value.op}`, [...value.args, value.rounding]);
      case 'load':
        return call(`load${value.width}${value.width === 64 ? '' : value.signed ? '_s' : '_u'}`, [value.address]);
      case 'load128':
        return call('load128', [value.address]);
      case 'load_part':
        return call('load_part', [value.address, value.count]);
      case 'shuffle':
        return `${call('shuffle', value.args)}[${value.lanes.join(' ')}]`;
      case 'amo':
        return call(`amo_${value.op}${value.width}`, [value.address, value.value]);
      case 'cas':
        return call(`cas${value.width}`, [value.address, value.expected, value.value]);
      case 'version':
        return call('version', [value.address]);
      case 'sc':
        return call(`sc${value.width}`, [value.condition, value.address, value.version, value.expected, value.value]);
      case 'cas_if':
        return call(`cas_if${value.width}`, [value.condition, value.address, value.expected, value.value]);
    }
  }

  private register(operand: Operand): string {
    const register = registerOf(this.arch, operand);
    return register === undefined ? '0' : this.arch.registerNames[register];
  }

  private cell(offset: number, bytes: 4 | 8): string {
    const register = registerAt(this.arch, offset);
    return register === undefined ? `cell${8 * bytes}[0x${offset.toString(16)}]` : this.arch.registerNames[register];
  }
}

function constantText(value: bigint): string {
  const signed = BigInt.asIntN(64, value);
  if (signed > -4096n && signed < 4096n) return `${signed}`;
  return `0x${BigInt.asUintN(64, value).toString(16)}`;
}
