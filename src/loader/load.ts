/**
 * Starts a program: everything execve(2) does between a path and the first
 * instruction.
 *
 *     const prepared = prepareProgram(host, { path: '/bin/ls', argv: ['ls'], env, sysroot, abi });
 *     if (isLoadError(prepared)) …
 *     space.reset();                                    // execve's point of no return
 *     const loaded = startProgram(host, space, prepared);
 *     cpu.reset(); cpu.pc = BigInt(loaded.entry); cpu.sp = BigInt(loaded.sp);
 *
 * The address space afterwards, for a window of 16 GiB (addresses are not
 * randomised, so that every run can be repeated):
 *
 *     0x10000        a program linked at a fixed address, its heap behind it
 *     0x155400000    a position-independent program (a third of the way up), its heap behind it
 *     mmapTop        interpreter and vDSO, then the program's own mappings, downwards
 *     stackTop       the stack, downwards
 */
import type { Host } from '../host/host.ts';
import { HUGE_PAGE_SIZE, STAGING } from '../host/layout.ts';
import type { AddressSpace } from '../memory/address-space.ts';
import { type ElfImage, PROT_EXEC, PROT_READ, PROT_WRITE } from './elf.ts';
import { E2BIG, ENOMEM, errnoText, isLoadError, type LoadError, loadError } from './load-error.ts';
import { biasFor, findBias, type MappedImage, mapImage } from './map-image.ts';
import { type PreparedProgram, type ProgramRequest, prepareProgram } from './prepare.ts';
import { type ProgramFile, realPath, steadyCall } from './program-file.ts';
import { AT, buildStack, RANDOM_SIZE } from './stack.ts';
import { mapPage, mapVdso } from './vdso.ts';

const MAP_STACK = 0x24132; // MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_NORESERVE | MAP_STACK

/**
 * The stack is mapped up to this size at once, since each fault that grows it costs more than the mapping; the rest of
 * RLIMIT_STACK, also when it is raised later, comes by growing. Pages are only used when touched.
 */
const STACK_AT_ONCE = 8 << 20;

/** A program in memory, ready to run. */
export interface LoadedProgram {
  /** Where execution starts: the interpreter's entry point if there is one. Every other register is zero but sp. */
  entry: number;
  sp: number;
  /** Host path of the program's ELF file (a script's interpreter), as /proc/self/exe shows it. */
  executable: string;
  /** Host path of PT_INTERP's file. */
  interpreter: string | undefined;
  /** As the program gets it: for a script, with the interpreter put in front. */
  argv: readonly string[];
  env: readonly string[];
  /** The auxiliary vector's bytes. */
  auxv: Uint8Array;
  /** Address of the vDSO's rt_sigreturn. */
  sigreturn: number;
  /** Guest addresses for /proc/self/{maps,stat}. */
  layout: {
    stackStart: number;
    stackTop: number;
    stackPointer: number;
    argStart: number;
    argEnd: number;
    envStart: number;
    envEnd: number;
    vdso: number;
    vdsoEnd: number;
    startCode: number;
    endCode: number;
  };
}

/** Prepares and starts a program in an empty address space. */
export function loadProgram(host: Host, space: AddressSpace, request: ProgramRequest): LoadedProgram | LoadError {
  const prepared = prepareProgram(host, request);
  return isLoadError(prepared) ? prepared : startProgram(host, space, prepared);
}

/**
 * Maps a prepared program into an empty address space, sets brk, and closes its files. What can fail here is memory;
 * the address space is then half filled.
 */
export function startProgram(host: Host, space: AddressSpace, prepared: PreparedProgram): LoadedProgram | LoadError {
  const result = mapProgram(host, space, prepared);
  prepared.close();
  return result;
}

/**
 * Where position-independent programs go. Not to a multiple of 4 GiB: openjdk puts the classes of a compressed heap
 * there, and nowhere else. Not higher up, or a heap of many GiB has no room between program and stack.
 */
const programBase = (windowSize: number): number => Math.floor(windowSize / 3 / HUGE_PAGE_SIZE) * HUGE_PAGE_SIZE;

function mapProgram(host: Host, space: AddressSpace, prepared: PreparedProgram): LoadedProgram | LoadError {
  const { request, file, image, interpreter, argv } = prepared;
  const { abi, path, env } = request;
  const { pageSize } = abi;
  const failed = (errno: number, what: string) => loadError(abi.command, path, errno, `${what}: ${errnoText(errno)}`);

  const bias = image.type === 'exec' ? 0 : biasFor(image, programBase(space.stackTop));
  if (image.end + bias > space.mmapTop) {
    return loadError(abi.command, path, ENOMEM, 'its segments leave no room for the stack');
  }
  const program = mapImage(space, file, image, bias, pageSize);
  if (typeof program === 'number') return failed(-program, 'mapping its segments failed');
  space.initBrk(program.end);

  let start: MappedImage = program;
  if (interpreter !== undefined) {
    const mapped = mapInterpreter(space, interpreter.file, interpreter.image, program, pageSize);
    if (typeof mapped === 'number') return failed(-mapped, `mapping its interpreter ${interpreter.file.path} failed`);
    start = mapped;
  }
  if (abi.fixedPage !== undefined) {
    const result = mapPage(space, abi.fixedPage.bytes(), pageSize, abi.fixedPage.address);
    if (result < 0) return failed(-result, 'mapping the page of helpers failed');
  }
  const vdso = mapVdso(space, abi.vdso, pageSize);
  if (typeof vdso === 'number') return failed(-vdso, 'mapping the vDSO failed');

  const random = randomBytes(host);
  if (typeof random === 'number') return failed(-random, 'getting random bytes failed');
  const auxv = auxiliaryVector(host, prepared, program, interpreter === undefined ? 0 : start.bias, vdso.address);
  const { stackTop } = space;
  const stack = buildStack(abi, stackTop, { argv, env, execfn: request.execfn ?? path, random, auxv });

  // At least what is on it, and a page for the program's first steps.
  const least = stackTop - stack.sp + pageSize;
  const wanted = Math.max(Math.min(prepared.stackLimit, STACK_AT_ONCE), least);
  const size = Math.min(Math.ceil(wanted / pageSize) * pageSize, stackTop - space.mmapTop);
  const executable = image.executableStack ?? abi.stackExecutableByDefault;
  const prot = PROT_READ | PROT_WRITE | (executable ? PROT_EXEC : 0);
  const mapped = size < stackTop - stack.sp ? -E2BIG : space.mmap(stackTop - size, size, prot, MAP_STACK, -1, 0);
  if (mapped < 0) return failed(-mapped, 'mapping the stack failed');
  if (!space.write(stack.sp, stack.bytes)) return failed(ENOMEM, 'filling the stack failed');
  const layout = {
    stackStart: stackTop - size,
    stackTop,
    stackPointer: stack.sp,
    argStart: stack.argStart,
    argEnd: stack.argEnd,
    envStart: stack.envStart,
    envEnd: stack.envEnd,
    vdso: vdso.address,
    vdsoEnd: vdso.end,
    startCode: program.startCode,
    endCode: program.endCode,
  };
  nameParts(space, layout);

  return {
    entry: start.entry,
    sp: stack.sp,
    executable: realPath(host, file),
    interpreter: interpreter === undefined ? undefined : realPath(host, interpreter.file),
    argv,
    env,
    auxv: stack.auxv,
    sigreturn: vdso.sigreturn,
    layout,
  };
}

/** Names what the loader has mapped, for /proc/self/maps as the calling thread makes it. */
export function nameParts(space: AddressSpace, layout: LoadedProgram['layout']): void {
  space.setName(layout.stackStart, layout.stackTop, '[stack]');
  space.setName(layout.vdso, layout.vdsoEnd, '[vdso]');
}

/** All entries but those that point into the stack, in Linux's order. */
function auxiliaryVector(
  host: Host,
  { request, image }: PreparedProgram,
  program: MappedImage,
  interpreterBias: number,
  vdsoAddress: number,
): [type: number, value: number | bigint][] {
  const { abi } = request;
  const id = (name: string) => Number(steadyCall(host, name));
  const [uid, euid, gid, egid] = request.identity ?? ['getuid', 'geteuid', 'getgid', 'getegid'].map(id);
  const entries: [number, number | bigint][] = [];
  if (abi.vdso.isLibrary !== false) entries.push([AT.SYSINFO_EHDR, vdsoAddress]);
  for (const [type, value] of abi.extraAuxv) entries.push([type, value]);
  if (abi.minSignalStack !== 0) entries.push([AT.MINSIGSTKSZ, abi.minSignalStack]);
  entries.push(
    [AT.HWCAP, abi.hwcap],
    [AT.PAGESZ, abi.pageSize],
    [AT.CLKTCK, 100],
    [AT.PHDR, program.phdr],
    [AT.PHENT, image.phentsize],
    [AT.PHNUM, image.phnum],
    [AT.BASE, interpreterBias],
    [AT.FLAGS, 0],
    [AT.ENTRY, program.entry],
    [AT.UID, uid],
    [AT.EUID, euid],
    [AT.GID, gid],
    [AT.EGID, egid],
    // A set-user-ID bit on the guest's file has an effect only if binfmt_misc has seen to it.
    [AT.SECURE, uid !== euid || gid !== egid || request.isSecure === true ? 1 : 0],
  );
  return entries;
}

/** Maps the interpreter: where there is room, or where it was linked; a negative errno if that is not possible. */
function mapInterpreter(
  space: AddressSpace,
  file: ProgramFile,
  image: ElfImage,
  program: MappedImage,
  pageSize: number,
): MappedImage | number {
  if (image.type === 'exec') {
    const overlaps = image.start < program.end && program.start < image.end;
    return overlaps || image.end > space.mmapTop ? -ENOMEM : mapImage(space, file, image, 0, pageSize);
  }
  const bias = findBias(space, image, pageSize);
  return bias < 0 ? bias : mapImage(space, file, image, bias, pageSize);
}

/** AT_RANDOM's bytes: a C library seeds its stack protector with them. A negative errno if the host has none. */
function randomBytes(host: Host): Uint8Array | number {
  const count = Number(steadyCall(host, 'getrandom', host.stagingPointer(0), RANDOM_SIZE, 0));
  if (count < 0) return count;
  return new Uint8Array(host.threadMemory.buffer, STAGING.start, RANDOM_SIZE).slice();
}
