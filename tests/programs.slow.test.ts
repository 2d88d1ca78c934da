/** The variants of the C suite that programs.test.ts leaves out for the time that they take. */
import { quickVariants, testSuite, VARIANTS } from './support/suite.ts';

for (const arch of ['riscv64', 'aarch64']) {
  const quick = quickVariants(arch);
  testSuite(
    arch,
    VARIANTS.filter((variant) => !quick.includes(variant)),
  );
}
