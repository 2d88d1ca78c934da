/** Entry of the bundle: `node dist/tsemu.cjs ARCHITECTURE DESCRIPTOR`, as the launcher starts it. */
import { main } from './cli.ts';

const [, script, architecture, descriptor] = process.argv;
main({ directory: script.slice(0, script.lastIndexOf('/') + 1), architecture, descriptor: Number(descriptor) });
