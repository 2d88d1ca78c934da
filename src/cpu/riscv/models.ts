/** The processors that `-cpu` names: one, under the names that qemu has for such. */
import { modelWithout } from '../cpu-model.ts';

export const RISCV_MODELS = ['max', 'rv64', 'any'].map((name) => modelWithout(name, [], () => false));
