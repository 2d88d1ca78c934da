import { arm } from '../cpu/arm/arch.ts';
import { compilerFor } from './compiler.ts';

export const compiler = compilerFor(arm);
