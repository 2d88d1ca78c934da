/** The processors that `-cpu` names. */
import { type CpuModel, modelWithout } from '../cpu-model.ts';

export const ARM_MODELS: readonly CpuModel[] = ['max', 'cortex-a15', 'cortex-a7'].map((name) =>
  modelWithout(name, [], () => false),
);
