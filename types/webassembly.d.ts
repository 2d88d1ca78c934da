/**
 * The WebAssembly JavaScript API as Node 26 has it, memory64 included. TypeScript declares it only in its DOM library,
 * which would bring a thousand browser globals with it.
 */
declare namespace WebAssembly {
  type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128' | 'funcref' | 'anyfunc' | 'externref';
  type AddressType = 'i32' | 'i64';
  type ImportExportKind = 'function' | 'table' | 'memory' | 'global' | 'tag';
  type BufferSource = ArrayBufferView | ArrayBufferLike;

  class CompileError extends Error {}
  class LinkError extends Error {}
  class RuntimeError extends Error {}

  interface ModuleImportDescriptor {
    module: string;
    name: string;
    kind: ImportExportKind;
  }
  interface ModuleExportDescriptor {
    name: string;
    kind: ImportExportKind;
  }
  class Module {
    constructor(bytes: BufferSource);
    static exports(module: Module): ModuleExportDescriptor[];
    static imports(module: Module): ModuleImportDescriptor[];
    static customSections(module: Module, name: string): ArrayBuffer[];
  }

  // biome-ignore lint/suspicious/noExplicitAny: what a module imports and exports is known to its user only
  type Import = any;
  type ImportObject = Record<string, Record<string, Import>>;
  class Instance {
    constructor(module: Module, imports?: ImportObject);
    // biome-ignore lint/suspicious/noExplicitAny: see Import
    readonly exports: Record<string, any>;
  }

  /** Sizes are numbers for address type `i32` and bigints for `i64` (memory64). */
  type MemoryDescriptor =
    | { address?: 'i32'; initial: number; maximum?: number; shared?: boolean }
    | { address: 'i64'; initial: bigint; maximum?: bigint; shared?: boolean };
  /** Our memories are shared ones; say `Memory<ArrayBuffer>` for one that is not. */
  class Memory<Buffer extends ArrayBufferLike = SharedArrayBuffer> {
    constructor(descriptor: MemoryDescriptor);
    readonly buffer: Buffer;
    grow<T extends number | bigint>(delta: T): T;
  }

  type TableDescriptor =
    | { address?: 'i32'; element: 'anyfunc' | 'externref'; initial: number; maximum?: number }
    | { address: 'i64'; element: 'anyfunc' | 'externref'; initial: bigint; maximum?: bigint };
  class Table {
    constructor(descriptor: TableDescriptor, value?: unknown);
    readonly length: number;
    // biome-ignore lint/suspicious/noExplicitAny: functions or anything
    get(index: number): any;
    set(index: number, value?: unknown): void;
    grow(delta: number, value?: unknown): number;
  }

  class Global {
    constructor(descriptor: { value: ValueType; mutable?: boolean }, value?: unknown);
    // biome-ignore lint/suspicious/noExplicitAny: by the descriptor
    value: any;
  }

  class Tag {
    constructor(type: { parameters: ValueType[] });
  }

  function validate(bytes: BufferSource): boolean;
  function compile(bytes: BufferSource): Promise<Module>;
  function instantiate(module: Module, imports?: ImportObject): Promise<Instance>;
}
