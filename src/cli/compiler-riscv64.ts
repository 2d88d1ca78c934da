import { riscv64 } from '../cpu/riscv/arch.ts';
import { compilerFor } from './compiler.ts';

export const compiler = compilerFor(riscv64);
