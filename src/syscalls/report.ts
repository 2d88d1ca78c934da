/**
 * What the user may be told about calls that we cannot carry out. Module state,
 * one a worker, because handlers have no other way to the command line's
 * settings; each text is reported once.
 */
export interface ReportHooks {
  /** `-d unimp`: a number without a row, or a request that a handler does not know. */
  unimplemented(text: string): void;
}

let hooks: ReportHooks | undefined;
let said: Set<string> | undefined;

export function setReportHooks(to: ReportHooks): void {
  hooks = to;
  said = undefined;
}

function first(text: string): boolean {
  said ??= new Set();
  if (said.has(text)) return false;
  said.add(text);
  return true;
}

/** For `-d unimp`: `ioctl request 0x5413 is not implemented`. */
export function reportUnimplemented(text: string): void {
  if (hooks !== undefined && first(text)) hooks.unimplemented(text);
}
