/**
 * The C suite of test-binaries/suite: every program, statically linked with -O2 and dynamically without optimisation,
 * as it comes and all compiled. The other builds and modes are in programs.slow.test.ts, for the time that they take.
 */
import { quickVariants, testCompilerThread, testEndings, testSuite } from './support/suite.ts';

for (const arch of ['riscv64', 'aarch64']) {
  testSuite(arch, quickVariants(arch));
  testEndings(arch);
  testCompilerThread(arch);
}
testSuite('arm', quickVariants('arm'));
