/**
 * The folders of examples/ for Go, Rust and Bazel, with the real tools. Debian has them built for x86-64 only: Go compiles its
 * library for the other processor first (half a minute of one processor's time), Rust's is downloaded.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { debianRoot } from '../scripts/debian-root.ts';
import { example, scratch } from './support/example.ts';
import { HANG, root } from './support/run.ts';

describe.concurrent('examples', { timeout: 2 * HANG }, () => {
  test('Go', async () => {
    const cache = join(root, '.cache/go-build');
    const inCopy = example('go', { CGO_ENABLED: '0', GOARCH: 'riscv64', GOCACHE: cache, GOPROXY: 'off' });
    // -count=1: results are not to be taken from the cache.
    const command = ['go', 'test', '-count=1', '-exec', 'tsemu-riscv64'];
    const passed = await inCopy(...command, '-v', './...');
    expect(passed).toMatchObject({ status: 0, stdout: expect.stringMatching(/on riscv64\n(.*\n)*PASS\nok/) });
    const failed = await inCopy(...command, '-tags', 'assume_amd64', './...');
    expect(failed).toMatchObject({ status: 1, stdout: expect.stringContaining('infinity became 9223372036854775807') });
  });

  test('Bazel', async () => {
    const inCopy = example('bazel');
    // Bazel wants this one for any test, and would download it.
    const coverage = join(scratch, 'coverage');
    mkdirSync(coverage);
    writeFileSync(join(coverage, 'WORKSPACE'), '');
    const tool = 'filegroup(name = "coverage_report_generator", visibility = ["//visibility:public"])\n';
    writeFileSync(join(coverage, 'BUILD'), tool);
    // Without a server, which would outlive the test.
    const startup = ['--batch', `--output_user_root=${join(scratch, 'bazel-output')}`];
    const options = [`--override_repository=remote_coverage_tools=${coverage}`, '--test_output=all'];
    const command = ['bazel', ...startup, 'test', ...options];
    const passed = await inCopy(...command, '--config=riscv64', '//...');
    expect(passed).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^on riscv64: MCMXCIV is 1994, MMXXVI is 2026$[\s\S]*^\/\/:roman +PASSED /m),
    });
    const failed = await inCopy(...command, '--config=riscv64', '//:wrong');
    expect(failed).toMatchObject({ status: 3, stdout: expect.stringMatching(/^\/\/:wrong +FAILED /m) });
  });

  test('Cargo', async () => {
    const release = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
    const library = debianRoot({
      architecture: 'arm64',
      packages: ['libstd-rust-dev'],
      alone: true,
      suite: release,
      root: join(root, `.cache/rust-arm64-${release}`),
    });
    const inCopy = example('cargo', {
      CARGO_HOME: join(scratch, 'cargo-home'),
      CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS: `--sysroot=${library}/usr`,
      // Debian's, which the library is for.
      RUSTC: '/usr/bin/rustc',
    });
    const command = ['/usr/bin/cargo', 'test', '--offline', '--target', 'aarch64-unknown-linux-gnu'];
    const passed = await inCopy(...command);
    expect(passed).toMatchObject({ status: 0, stdout: expect.stringContaining('test sorts_what_it_reads ... ok') });
    const failed = await inCopy(...command, '--features', 'assume-x86');
    expect(failed).toMatchObject({ status: 101, stdout: expect.stringContaining('1 passed; 1 failed') });
  });
});
