import { aarch64 } from '../cpu/aarch64/arch.ts';
import { compilerFor } from './compiler.ts';

export const compiler = compilerFor(aarch64);
