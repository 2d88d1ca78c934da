/**
 * The notation in which every architecture writes its instructions: one row
 * has the encoding, the assembly syntax and the effect, and everything else
 * (decoders, disassembler, the tiers, tests) is derived from the rows.
 *
 *     row('beq', 'off:s[12|10:5] rs2:5 rs1:5 000 off:s[4:1|11] 1100011', '{rs1:x}, {rs2:x}, {off:pc}', effect)
 *
 * Encoding: fields from the most significant bit, as the manuals print them.
 * `000` are fixed bits; `rs1:5` is an unsigned field of five bits; `s[…]` and
 * `u[…]` (signed, unsigned) list which bits of the operand stand here, highest
 * first, and may be spread over several fields of the same name. Operand bits
 * that no field gives are zero. `_:5` are bits that do not matter.
 * `rd&rdOdd:u[4:1]` gives the same bits to two operands, which differ in kind.
 *
 * Syntax: operands in braces with their kind. The kinds of registers (`x`,
 * `f`, …) belong to the architecture; `pc` is an offset from the instruction's
 * address.
 */
import type { CheckEncoding, CheckSyntax, OperandsOf, WhenOf } from './row-types.ts';

/** One stretch of an operand's bits within the instruction word. */
export interface Slice {
  /** Lowest bit in the word. */
  word: number;
  /** Lowest bit in the operand. */
  operand: number;
  width: number;
}

export interface OperandInfo {
  name: string;
  signed: boolean;
  /** Bits of the operand, the highest that a field gives plus one. */
  width: number;
  slices: Slice[];
  /** From the syntax; '' if the operand does not appear there. */
  kind: string;
}

/** A condition on an operand's value that the encoding cannot express; a word that fails it is not this instruction. */
export interface Condition {
  operand: string;
  test: 'eq' | 'ne' | 'even' | 'in';
  /** Numbers, and other operands by their names. */
  values: readonly (number | string)[];
}

/** The operands an effect sees, by name. What they are depends on who asks: constants, or fields read at run time. */
export interface Operand {
  readonly info: OperandInfo;
  /** The operand's value, where the effect is that of one particular instruction. */
  readonly value?: number;
}

export interface Row<B = unknown> {
  name: string;
  /** The assembler's mnemonic where several rows share it, else the name. */
  mnemonic: string;
  encoding: string;
  syntax: string;
  /** Instruction length in bytes. */
  length: 2 | 4;
  /** word & mask === value for this instruction (unsigned 32 bit). */
  mask: number;
  value: number;
  operands: OperandInfo[];
  when: readonly Condition[];
  /** The extension it belongs to, as the manual names it. */
  extension: string;
  effect: (b: B, o: Record<string, Operand>) => void;
}

/** Reads conditions: `imm!=0`, `rd!=0,2`, `rd=2`, `rm=0,1,7`, `rd!=31,rs`, `rd even`; several are separated by `; `. */
function parseConditions(text: string): Condition[] {
  if (text === '') return [];
  return text.split('; ').map((part) => {
    const even = /^(\w+) even$/.exec(part);
    if (even) return { operand: even[1], test: 'even', values: [] };
    const match = /^(\w+)(!?=)([\w,]+)$/.exec(part);
    if (!match) throw new Error(`bad condition: ${part}`);
    const values = match[3].split(',').map((text) => (/^\d/.test(text) ? Number(text) : text));
    const test = match[2] === '!=' ? 'ne' : values.length > 1 ? 'in' : 'eq';
    return { operand: match[1], test, values };
  });
}

/** Splits `s[12|10:5]`, `u[5]`, `5` into the operand's bits, highest first, as [high, low] pairs. */
function parseField(spec: string): { signed: boolean; runs: [number, number][]; plain: boolean } {
  const match = /^([su])\[([\d|:]+)\]$/.exec(spec);
  if (!match) {
    const width = Number(spec);
    if (!(width > 0)) throw new Error(`bad field: ${spec}`);
    return { signed: false, runs: [[width - 1, 0]], plain: true };
  }
  const runs = match[2].split('|').map((run): [number, number] => {
    const [high, low] = run.split(':').map(Number);
    return [high, low ?? high];
  });
  return { signed: match[1] === 's', runs, plain: false };
}

interface RowOptions<When extends string> {
  when?: When;
  mnemonic?: string;
}

/** Makes the row function of an extension; see the file's head for the notation. */
export function rowsOf<B>(extension: string) {
  const rows: Row<B>[] = [];
  function row<const E extends string, const S extends string>(
    name: string,
    encoding: E & CheckEncoding<E>,
    syntax: S & CheckSyntax<S, E>,
    effect: (b: B, o: OperandsOf<E>) => void,
    options: RowOptions<WhenOf<E>> = {},
  ): void {
    rows.push(parseRow(extension, name, encoding, syntax, effect as Row<B>['effect'], options));
  }
  return { row, rows };
}

function parseRow<B>(
  extension: string,
  name: string,
  encoding: string,
  syntax: string,
  effect: Row<B>['effect'],
  { when = '', mnemonic = name }: RowOptions<string>,
): Row<B> {
  const tokens = encoding.split(' ');
  const operands = new Map<string, OperandInfo>();
  let mask = 0;
  let value = 0;
  let position = 0;
  for (let i = tokens.length - 1; i >= 0; i--) {
    const token = tokens[i];
    if (/^[01]+$/.test(token)) {
      mask |= (token.length === 32 ? -1 : (1 << token.length) - 1) << position;
      value |= Number.parseInt(token, 2) << position;
      position += token.length;
      continue;
    }
    const [operandName, spec] = token.split(':', 1).concat(token.slice(token.indexOf(':') + 1));
    const { signed, runs } = parseField(spec);
    if (operandName === '_') {
      position += Number(spec);
      continue;
    }
    for (const [high, low] of runs.reverse()) {
      const width = high - low + 1;
      for (const name of operandName.split('&')) {
        let info = operands.get(name);
        if (!info) operands.set(name, (info = { name, signed, width: 0, slices: [], kind: '' }));
        info.slices.push({ word: position, operand: low, width });
        info.width = Math.max(info.width, high + 1);
      }
      position += width;
    }
  }
  if (position !== 16 && position !== 32) throw new Error(`${name}: encoding has ${position} bits`);
  for (const [, operandName, kind] of syntax.matchAll(/\{(\w+):?(\w*)\}/g)) {
    const info = operands.get(operandName);
    if (!info) throw new Error(`${name}: no operand ${operandName}`);
    info.kind = kind || 'imm';
  }
  return {
    name,
    mnemonic,
    encoding,
    syntax,
    length: position === 16 ? 2 : 4,
    mask: mask >>> 0,
    value: value >>> 0,
    operands: [...operands.values()],
    when: parseConditions(when),
    extension,
    effect,
  };
}

/** A row's operands as its effect takes them, with their values if they are known. */
export const operandsOf = (row: Row<never>, values?: Readonly<Record<string, number>>): Record<string, Operand> =>
  Object.fromEntries(row.operands.map((info) => [info.name, { info, value: values?.[info.name] }]));

/** An operand's value in an instruction word: signed or unsigned as its encoding says. */
export function operandValue(info: OperandInfo, word: number): number {
  let value = 0;
  for (const slice of info.slices) {
    value |= ((word >>> slice.word) & ((1 << slice.width) - 1)) << slice.operand;
  }
  const unused = 32 - info.width;
  return info.signed ? (value << unused) >> unused : value >>> 0;
}

/** The operand that a condition names. */
export function conditionOperand(row: Row<never>, name: string): OperandInfo {
  const info = row.operands.find((operand) => operand.name === name);
  if (!info) throw new Error(`${row.name}: condition on unknown operand ${name}`);
  return info;
}

/** Whether the row's conditions hold for the word. */
export function conditionsHold(row: Row<never>, word: number): boolean {
  for (const { operand, test, values } of row.when) {
    const value = operandValue(conditionOperand(row, operand), word);
    const others = values.map((v) => (typeof v === 'number' ? v : operandValue(conditionOperand(row, v), word)));
    const holds = test === 'even' ? value % 2 === 0 : others.includes(value) === (test !== 'ne');
    if (!holds) return false;
  }
  return true;
}
