/** Ways through the values of an instruction's effect: they share parts, those of a cipher's rounds many times over. */
import type { Statement, Value } from '../cpu/ir.ts';

/** The values that a statement itself takes. */
export function operandsOf(statement: Statement): readonly Value[] {
  switch (statement.kind) {
    case 'setReg':
    case 'setCell':
    case 'evaluate':
      return [statement.value];
    case 'store':
    case 'store128':
      return [statement.address, statement.value];
    case 'store_part':
      return [statement.address, statement.value, statement.count];
    case 'skip':
      return [statement.unless];
    case 'require':
    case 'branch':
      return [statement.condition];
    case 'aligned':
    case 'jumpTo':
      return [statement.address];
    default:
      return [];
  }
}

/** The number that a value is known to be. */
export function constantOf(value: Value): number | undefined {
  if (value.kind === 'const') return Number(BigInt.asIntN(64, value.value));
  return value.kind === 'operand' ? value.operand.value : undefined;
}

/** The values that one is made of. */
export function partsOf(value: Value): readonly Value[] {
  switch (value.kind) {
    case 'op':
    case 'shuffle':
      return value.args;
    case 'fp':
    case 'fp_lanes':
      return [...value.args, value.rounding];
    case 'load':
    case 'load128':
      return [value.address];
    case 'load_part':
      return [value.address, value.count];
    case 'amo':
      return [value.address, value.value];
    case 'cas':
      return [value.address, value.expected, value.value];
    case 'cas_if':
      return [value.condition, value.address, value.expected, value.value];
    case 'version':
      return [value.address];
    case 'sc':
      return [value.condition, value.address, value.version, value.expected, value.value];
    default:
      return [];
  }
}

/** All values that statements take and are made of, each once. */
export function valuesOf(statements: readonly Statement[]): ReadonlySet<Value> {
  const seen = new Set<Value>();
  const visit = (value: Value): void => {
    if (seen.has(value)) return;
    seen.add(value);
    partsOf(value).forEach(visit);
  };
  for (const statement of statements) operandsOf(statement).forEach(visit);
  return seen;
}

/** How often each value is used, and by which statement last. */
export class Counts {
  readonly uses = new Map<Value, number>();
  readonly lastUse = new Map<Value, number>();

  constructor(statements: readonly Statement[]) {
    statements.forEach((statement, index) => {
      for (const value of operandsOf(statement)) this.count(value, index);
    });
  }

  private count(value: Value, index: number): void {
    const seen = this.uses.get(value) ?? 0;
    this.uses.set(value, seen + 1);
    this.lastUse.set(value, index);
    for (const part of partsOf(value)) {
      if (seen === 0) this.count(part, index);
      else this.lastUse.set(part, index);
    }
  }
}
