/**
 * Forms the regions of a guest thread from what its cold tier has decoded and
 * logged, which lies in the thread memory.
 */
import { type Architecture, type CodeEffect, inSet, isNarrowThumb, setAt } from '../../cpu/arch.ts';
import { type Decoded, makeDecoder } from '../../cpu/decoder.ts';
import type { Row } from '../../cpu/row.ts';
import { JUMP_LOG, TRANSLATOR } from '../../host/layout.ts';
import { counterOf, REGION, recordOf } from '../cold/record.ts';
import { type CodeSource, formRegion, type Instruction, type Region } from './graph.ts';

/** Up to 4 bytes of guest code, little-endian; undefined if they cannot be read. */
export type ReadCode = (pc: number) => number | undefined;

/** With a threshold of 1 everything is compiled: large regions around code that runs once would take minutes. */
const EAGER_SIZE_LIMIT = 100;

/**
 * A function is worth inlining when it was called this part of as often as the cold tier tells of, or was told of: then its
 * counter goes on from there.
 */
const HOT_PART = 2;

/** What instruction words do, found out once for each. */
export class Effects {
  readonly arch: Architecture;
  /** By instruction set. */
  private readonly decoders: readonly ((word: number) => Decoded<Row<never>> | undefined)[];
  private readonly known: readonly Map<number, CodeEffect | null>[];

  constructor(arch: Architecture) {
    this.arch = arch;
    this.decoders = (arch.sets ?? [{ rows: arch.rows, isThumb: false }]).map(({ rows, isThumb }) =>
      makeDecoder(rows, isThumb),
    );
    this.known = this.decoders.map(() => new Map());
  }

  /** Null if regions cannot have it. */
  of(pc: number, word: number, readCode: ReadCode): CodeEffect | null {
    const { arch, known } = this;
    if (arch.sets === undefined) {
      // The upper half of a short instruction's word is the next instruction.
      const key = arch.compressed && (word & 3) !== 3 ? word & 0xffff : word;
      let effect = known[0].get(key);
      if (effect === undefined) known[0].set(key, (effect = this.effectOf(0, word)));
      return effect;
    }
    const set = setAt(pc);
    word = decodedWord(arch, pc, word);
    const inContext = arch.inContext?.(set, word, (distance) => {
      const other = readCode(pc + distance);
      return other === undefined ? undefined : thumbWord(other);
    });
    if (inContext !== undefined) return inContext;
    let effect = known[set].get(word);
    if (effect === undefined) known[set].set(word, (effect = this.effectOf(set, word)));
    return effect;
  }

  private effectOf(set: number, word: number): CodeEffect | null {
    const decoded = this.decoders[set](word);
    if (!decoded) return null;
    const { row, values } = decoded;
    const statements = this.arch.effect(row, values);
    // Reads of the instruction count are left to the cold tier, which counts.
    const counts = statements.some((s) => s.kind === 'setReg' && s.value.kind === 'instructions');
    return counts ? null : { length: row.length, statements };
  }
}

/** The word by which an instruction is decoded and disassembled that is read as `word`. */
export const decodedWord = ({ sets }: Architecture, pc: number, word: number): number =>
  sets?.[setAt(pc)].isThumb ? thumbWord(word) : word;

/** Of Thumb the first half is the upper one, or all there is. */
function thumbWord(word: number): number {
  return isNarrowThumb(word) ? word & 0xffff : (word << 16) | (word >>> 16);
}

export class Former {
  readonly arch: Architecture;
  private readonly words: Int32Array;
  private readonly halfwords: Uint16Array;
  private readonly readCode: ReadCode;
  private readonly effects: Effects;
  /** Where jumps have gone to, as far as regions were formed around them: the log forgets that of code that is compiled. */
  private readonly seen = new Map<number, readonly number[]>();

  /** @param memory the thread memory */
  constructor(effects: Effects, memory: ArrayBufferLike, readCode: ReadCode) {
    this.arch = effects.arch;
    this.effects = effects;
    this.words = new Int32Array(memory);
    this.halfwords = new Uint16Array(memory);
    this.readCode = readCode;
  }

  /**
   * The region at an address; undefined if there can be none.
   *
   * @param isEager code belongs to the region that was never executed
   */
  form(pc: number, isEager: boolean, callsKernel: boolean, sizeLimit?: number): Region | undefined {
    if (recordOf(this.words, pc) === 0 || this.arch.sets?.[setAt(pc)].isInner === true) return undefined;
    const isEntry = (at: number) => this.halfwords[recordOf(this.words, at) >> 1] === REGION;
    const source: CodeSource = {
      arch: this.arch,
      fetch: (at) => this.fetch(at, isEager),
      targetsOf: (at) => this.targetsOf(at),
      isEntry,
      isHot: (at) => at === pc || isEntry(at) || this.isHot(at),
    };
    return formRegion(pc, source, {
      callsKernel,
      sizeLimit: sizeLimit ?? (isEager ? EAGER_SIZE_LIMIT : undefined),
    });
  }

  /** Whether code that is not compiled yet is on the way to that. */
  private isHot(pc: number): boolean {
    const record = recordOf(this.words, pc);
    return (
      record !== 0 && this.halfwords[counterOf(record) >> 1] * HOT_PART >= this.words[TRANSLATOR.hotThreshold >> 2]
    );
  }

  /** The instruction at an address; undefined if regions cannot have it or it was not executed. */
  fetch(pc: number, isEager = false): Instruction | undefined {
    if (!this.wasExecuted(pc, isEager)) return undefined;
    const word = this.readCode(pc);
    if (word === undefined) return undefined;
    const effect = this.effects.of(pc, word, this.readCode);
    return effect ? { ...effect, pc } : undefined;
  }

  private wasExecuted(pc: number, isEager: boolean): boolean {
    const record = recordOf(this.words, pc);
    if (record !== 0 && (this.halfwords[record >> 1] !== 0 || isEager)) return true;
    const { sets } = this.arch;
    const other = sets?.[setAt(pc)].standsFor;
    return other !== undefined && this.wasExecuted(inSet(pc, other), isEager);
  }

  /** By the jump log, and what it has told before. */
  private targetsOf(pc: number): readonly number[] {
    const targets = [...new Set([...this.loggedTargetsOf(pc), ...(this.seen.get(pc) ?? [])])];
    if (targets.length > 0) this.seen.set(pc, targets);
    return targets;
  }

  private loggedTargetsOf(pc: number): readonly number[] {
    const { words } = this;
    const record = recordOf(this.words, pc);
    const counts = new Map<number, number>();
    const end = (JUMP_LOG.start >> 2) + 2 * JUMP_LOG.entries;
    for (let i = JUMP_LOG.start >> 2; i < end; i += 2) {
      if (words[i] !== record) continue;
      const target = words[i + 1] >>> 0;
      counts.set(target, (counts.get(target) ?? 0) + 1);
    }
    // The log has the low halves of addresses; jump tables stay near.
    const high = Math.floor(pc / 2 ** 32) * 2 ** 32;
    return [...counts].sort((a, b) => b[1] - a[1]).map(([target]) => high + target);
  }
}
