/**
 * What the type checker reads in a row's text: the names of its operands, that
 * the encoding has 16 or 32 bits, that the syntax names no unknown operand, and
 * that conditions are about operands.
 *
 * An encoding with a part that is only known to be a string is not counted.
 */
import type { Operand } from './row.ts';

type FieldName<F extends string> = F extends `_:${string}`
  ? never
  : F extends `${infer N}:${string}`
    ? Split<N>
    : never;
type Split<N extends string> = N extends `${infer A}&${infer R}` ? A | Split<R> : N;

/** The operand names of an encoding. */
type Names<E extends string> = E extends `${infer F} ${infer R}` ? FieldName<F> | Names<R> : FieldName<E>;

export type OperandsOf<E extends string> = { readonly [N in Names<E>]: Operand };

// Numbers are tuples of their length, so that they can be added and subtracted.

type Tuple<N extends number, T extends 1[] = []> = T['length'] extends N ? T : Tuple<N, [...T, 1]>;
type Parsed<S extends string> = S extends `${infer N extends number}` ? Tuple<N> : never;
/** Bits from high to low, both included. */
type Span<H extends string, L extends string> =
  Parsed<H> extends [...Parsed<L>, ...infer R extends 1[]] ? [...R, 1] : never;
type Run<S extends string> = S extends `${infer H}:${infer L}` ? Span<H, L> : [1];
type Runs<S extends string> = S extends `${infer F}|${infer R}` ? [...Run<F>, ...Runs<R>] : Run<S>;
type Digits<S extends string> = S extends `${string}${infer R}` ? [1, ...Digits<R>] : [];
type FieldBits<F extends string> = F extends `${string}:${'s' | 'u'}[${infer R}]`
  ? Runs<R>
  : F extends `${string}:${infer N}`
    ? Parsed<N>
    : Digits<F>;
type Bits<E extends string> = E extends `${infer F} ${infer R}` ? [...FieldBits<F>, ...Bits<R>] : FieldBits<E>;

/** `unknown` if the encoding has the length of an instruction, else a type that says what is wrong. */
export type CheckEncoding<E extends string> = string extends E
  ? unknown
  : Bits<E>['length'] extends 16 | 32
    ? unknown
    : { readonly problem: `this encoding has ${Bits<E>['length']} bits` };

type Placeholders<S extends string> = S extends `${string}{${infer P}}${infer R}`
  ? (P extends `${infer N}:${string}` ? N : P) | Placeholders<R>
  : never;

/** As {@link CheckEncoding} for the operands that a syntax names. */
export type CheckSyntax<S extends string, E extends string> = [Exclude<Placeholders<S>, Names<E>>] extends [never]
  ? unknown
  : { readonly problem: `no operand ${Exclude<Placeholders<S>, Names<E>>}` };

/** A condition, as row.ts describes it, on an operand of the encoding. */
export type WhenOf<E extends string> = `${Names<E>}${'!=' | '=' | ' even'}${string}`;
