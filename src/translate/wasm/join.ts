/** Modules of one function each, as compileRegion makes them, made one module of all their functions. */
import { ByteWriter } from './encoder.ts';

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const SECTION = { custom: 0, type: 1, import: 2, function: 3, export: 7, code: 10 } as const;
const HINTS = 'metadata.code.branch_hint';

/** What there is in a module of one function. */
interface Parts {
  /** The sections of types and of imports. */
  head: Uint8Array;
  /** Index of the function. */
  index: number;
  /** Its branch hints: how many, and these. */
  hints: Uint8Array | undefined;
  /** Its body, with its length before, and where that starts in the module. */
  body: Uint8Array;
  bodyStart: number;
}

function partsOf(bytes: Uint8Array): Parts {
  let at = HEADER.length;
  const u = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  const text = (): string => {
    const length = u();
    at += length;
    return String.fromCharCode(...bytes.subarray(at - length, at));
  };
  const start = at;
  const parts: Parts = { head: bytes.subarray(start, start), index: 0, hints: undefined, body: bytes, bodyStart: 0 };
  while (at < bytes.length) {
    const id = bytes[at++];
    const length = u();
    const end = at + length;
    if (id === SECTION.import) parts.head = bytes.subarray(start, end);
    if (id === SECTION.export) {
      u();
      text();
      at++;
      parts.index = u();
    }
    if (id === SECTION.custom && text() === HINTS) {
      u();
      u();
      parts.hints = bytes.subarray(at, end);
    }
    if (id === SECTION.code) {
      u();
      parts.bodyStart = at;
      parts.body = bytes.subarray(at, end);
    }
    at = end;
  }
  return parts;
}

/** The types and imports of a module, as text: modules that have the same can be joined. */
export function headOf(bytes: Uint8Array): string {
  return String.fromCharCode(...partsOf(bytes).head);
}

/**
 * @param modules with the same {@link headOf}, and the names of their functions, by which these are exported and known in
 *   stack traces
 * @param name of the module
 * @returns the module, and by how much each function lies further behind than in its own module
 */
export function joinModules(
  modules: readonly { bytes: Uint8Array; name: string }[],
  name: string,
): { bytes: Uint8Array<ArrayBuffer>; shifts: number[] } {
  const all = modules.map(({ bytes }) => partsOf(bytes));
  const [{ head, index: first }] = all;
  const out = new ByteWriter().bytes(HEADER).bytes(head);
  const section = (id: number, content: ByteWriter) => out.byte(id).u(content.length).bytes(content.view());

  // Type 0 is that of regions.
  section(SECTION.function, new ByteWriter().u(all.length).bytes(all.map(() => 0)));
  const exports = new ByteWriter().u(all.length);
  for (const [i, module] of modules.entries())
    exports
      .name(module.name)
      .byte(0)
      .u(first + i);
  section(SECTION.export, exports);

  const hinted = all.filter(({ hints }) => hints !== undefined);
  if (hinted.length > 0) {
    const hints = new ByteWriter().name(HINTS).u(hinted.length);
    for (const one of hinted) hints.u(first + all.indexOf(one)).bytes(one.hints!);
    section(SECTION.custom, hints);
  }

  const code = new ByteWriter().u(all.length);
  const starts = all.map(({ body }) => {
    const start = code.length;
    code.bytes(body);
    return start;
  });
  section(SECTION.code, code);
  const codeStart = out.length - code.length;

  const moduleName = new ByteWriter().name(name);
  const functionNames = new ByteWriter().u(all.length);
  for (const [i, module] of modules.entries()) functionNames.u(first + i).name(module.name);
  const names = new ByteWriter().name('name');
  for (const [id, part] of [moduleName, functionNames].entries()) names.byte(id).u(part.length).bytes(part.view());
  section(SECTION.custom, names);

  const shifts = all.map(({ bodyStart }, i) => codeStart + starts[i] - bodyStart);
  return { bytes: out.view().slice(), shifts };
}
