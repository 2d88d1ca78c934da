/**
 * The C suite of test-binaries/suite: every program, at both optimisation levels, linked statically, as static-pie and
 * dynamically; and statically linked, -O2, however its code is executed. What is left out here for the time that it
 * takes is in programs.slow.test.ts.
 */
import { quickVariants, testEndings, testSuite } from './support/suite.ts';

for (const arch of ['riscv64', 'aarch64']) {
  testSuite(arch, quickVariants(arch));
  testEndings(arch);
}
