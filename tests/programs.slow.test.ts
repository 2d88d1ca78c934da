/** The variants of the C suite that programs.test.ts leaves out for the time that they take. */
import { slowVariants, testSuite } from './support/suite.ts';

for (const arch of ['riscv64', 'aarch64', 'arm']) testSuite(arch, slowVariants(arch));
