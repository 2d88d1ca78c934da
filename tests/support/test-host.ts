/** The linux host for unit tests, with a host stub compiled for them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildNative } from '../../scripts/build-native.ts';
import type { Host } from '../../src/host/host.ts';
import { createLinuxHost } from '../../src/host/linux/linux-host.ts';

/** Compiles the stub and creates a host in this process. Call it once a process. */
export function createTestHost(): Host {
  const scratch = mkdtempSync(join(tmpdir(), 'tsemu-host-'));
  try {
    buildNative(scratch);
    return createLinuxHost({ stub: join(scratch, 'host-stub.so') });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
