/**
 * Downloads Debian packages of a foreign architecture into a private directory and unpacks them there, so that real
 * programs can be run under `-L` without touching the machine's own packages.
 *
 *     node scripts/debian-root.ts riscv64 busybox-static jq     # prints the root's path
 *     node scripts/debian-root.ts riscv64 programs              # a named set, see SETS
 *     node scripts/debian-root.ts --suite trixie --root DIR --arch arm64 jq
 *     node scripts/debian-root.ts --alone --root DIR arm64 libstd-rust-dev   # not what it depends on
 *
 * apt does the work: it finds, verifies and resolves, with a configuration, state and cache of its own. It never sees
 * the machine's installed packages (the private dpkg status is empty), so the result is complete. The archive's
 * address is the one the machine is configured with, or TSEMU_DEBIAN_MIRROR.
 *
 * A stamp makes reruns with the same packages instant; asking for more packages later adds them to the same root.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** Named sets of packages, usable wherever a package name is. */
export const SETS: Record<string, readonly string[]> = {
  /** The real programs that tests/debian.slow.test.ts runs. */
  programs: [
    'busybox-static',
    'apt',
    'bash',
    'dash',
    'make',
    'coreutils',
    'grep',
    'sed',
    'gawk',
    'jq',
    'sqlite3',
    'lua5.4',
    'perl',
    'python3',
    // By its version, since the test suite is packaged by version only; every release in SUITES has it.
    'python3.13',
    'libpython3.13-testsuite',
    'gzip',
    'xz-utils',
    'zstd',
    'openssl',
    'gcc',
    'libc6-dev',
    'findutils',
    'diffutils',
    'file',
    'bc',
  ],
  /** What `npm run demo` runs. */
  demo: ['jq'],
};

const ARCHITECTURES = ['riscv64', 'arm64', 'armhf'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** What Debian calls an architecture. */
export function debianName(arch: string): Architecture {
  return { riscv64: 'riscv64', aarch64: 'arm64', arm: 'armhf' }[arch] as Architecture;
}

/** Directories that Debian merged into /usr; dpkg -x needs the links to exist first. */
const MERGED_USR = ['bin', 'sbin', 'lib', 'lib64'];

/**
 * Releases to take packages from, in order of preference. A mirror that is being updated can have an index that does not
 * match its signed Release file; the next release's may be in order.
 */
const SUITES = ['trixie', 'forky', 'sid'];

class Failure extends Error {}
/** The index does not match the signed Release file. Never worked around: unverified packages would be run. */
class UnverifiedIndex extends Failure {}

/** Expands the names of {@link SETS}; sorted, without duplicates. */
export function expandPackages(names: readonly string[]): string[] {
  return [...new Set(names.flatMap((name) => SETS[name] ?? [name]))].sort();
}

/**
 * The URIs of Debian's main archive in apt source files, of either style, in order.
 * `Types: deb` and `URIs: http://mirror.example/debian`, or `deb [arch=amd64] http://mirror.example/debian trixie main`.
 */
export function mirrorsOf(text: string): string[] {
  const uris: string[] = [];
  for (const line of text.split('\n')) {
    const deb822 = /^URIs:\s*(.+)$/i.exec(line);
    const oneLine = /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)/.exec(line);
    uris.push(...(deb822?.[1].trim().split(/\s+/) ?? (oneLine ? [oneLine[1]] : [])));
  }
  return uris.filter((uri) => /\/debian\/?$/.test(uri)).map((uri) => uri.replace(/\/$/, ''));
}

function machineMirror(): string {
  const fromEnvironment = process.env.TSEMU_DEBIAN_MIRROR;
  if (fromEnvironment) return fromEnvironment;
  const parts = '/etc/apt/sources.list.d';
  const files = existsSync(parts) ? readdirSync(parts).filter((f) => /\.(list|sources)$/.test(f)) : [];
  const texts = ['/etc/apt/sources.list', ...files.sort().map((f) => join(parts, f))].filter((f) => existsSync(f));
  const mirror = texts.flatMap((f) => mirrorsOf(readFileSync(f, 'utf8')))[0];
  if (!mirror)
    throw new Failure("apt is configured with no mirror of Debian's archive; name one in TSEMU_DEBIAN_MIRROR");
  return mirror;
}

const KEYRINGS = [
  '/usr/share/keyrings/debian-archive-keyring.gpg',
  '/usr/share/keyrings/debian-archive-keyring.pgp',
  '/etc/apt/trusted.gpg',
];

function machineKeyring(): string {
  const keyring = KEYRINGS.find((file) => existsSync(file));
  if (!keyring) throw new Failure('no Debian archive keyring; install the package debian-archive-keyring');
  return keyring;
}

type Apt = (tool: 'apt-get' | 'apt-cache', ...args: string[]) => string;

/** A private apt under `base`; the machine's own configuration still applies to transport (proxies, certificates). */
function privateApt(base: string, architecture: Architecture, suite: string): Apt {
  const directories = ['etc/preferences.d', 'etc/sources.list.d', 'state/lists/partial', 'cache/archives/partial'];
  for (const directory of directories) mkdirSync(join(base, directory), { recursive: true });
  writeFileSync(join(base, 'state/status'), '');
  const source = `deb [arch=${architecture} signed-by=${machineKeyring()}] ${machineMirror()} ${suite} main\n`;
  writeFileSync(join(base, 'etc/sources.list'), source);
  const options = {
    'Dir::Etc::sourcelist': join(base, 'etc/sources.list'),
    'Dir::Etc::sourceparts': join(base, 'etc/sources.list.d'),
    'Dir::Etc::preferences': join(base, 'etc/preferences'),
    'Dir::Etc::preferencesparts': join(base, 'etc/preferences.d'),
    'Dir::State': join(base, 'state'),
    'Dir::State::status': join(base, 'state/status'),
    'Dir::Cache': join(base, 'cache'),
    'APT::Architecture': architecture,
    'APT::Sandbox::User': 'root',
    'APT::Install-Recommends': 'false',
    'APT::Get::Assume-Yes': 'true',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
    // Hooks of the machine (cleaning the archives, refreshing metadata) are not for us, and some slim images set them
    // to delete what we are about to unpack.
    'Binary::apt-get::APT::Keep-Downloaded-Packages': 'true',
    'Debug::NoLocking': 'true',
  };
  const flags = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  // A list option cannot be emptied with -o: a configuration file can clear it, and is read last.
  const configuration = join(base, 'etc/apt.conf');
  const cleared = ['DPkg::Post-Invoke', 'DPkg::Pre-Invoke', 'DPkg::Pre-Install-Pkgs', 'APT::Update::Post-Invoke'];
  const clear = [...cleared, 'APT::Update::Post-Invoke-Success', 'APT::Architectures', 'DPkg::Tools::Options'];
  writeFileSync(
    configuration,
    `${clear.map((name) => `#clear ${name};`).join('\n')}\nAPT::Architectures "${architecture}";\n`,
  );
  return (tool, ...args) => {
    const environment = { ...process.env, APT_CONFIG: configuration, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
    const result = spawnSync(tool, ['-q', '-c', configuration, ...flags, ...args], {
      encoding: 'utf8',
      // Where `apt-get download` puts what it downloads.
      cwd: join(base, 'cache/archives'),
      env: environment,
      maxBuffer: 64 << 20,
    });
    if (result.error) throw new Failure(`${tool}: ${result.error.message}`);
    if (/Mirror sync in progress|unexpected size|Hash Sum mismatch/.test(result.stderr + result.stdout)) {
      throw new UnverifiedIndex(
        `${machineMirror()} is being updated: its ${architecture} index does not match the signed ${suite} Release. ` +
          `Try again later, or name another mirror in TSEMU_DEBIAN_MIRROR.`,
      );
    }
    if (result.status !== 0) throw new Failure(`${tool} ${args.join(' ')}\n${result.stdout}${result.stderr}`.trim());
    return result.stdout;
  };
}

/** Makes the links that a merged /usr has; on a root that has them it does nothing. */
function mergeUsr(root: string): void {
  for (const name of MERGED_USR) {
    mkdirSync(join(root, 'usr', name), { recursive: true });
    if (!existsSync(join(root, name))) symlinkSync(`usr/${name}`, join(root, name));
  }
  for (const name of ['tmp', 'etc', 'var/tmp', 'dev', 'proc']) mkdirSync(join(root, name), { recursive: true });
}

/**
 * What maintainer scripts would have done and programs miss: dpkg -x runs none.
 * The alternatives system's links (awk and the like) are made directly.
 */
function configure(root: string): void {
  const links: [string, string][] = [
    ['usr/bin/awk', 'gawk'],
    ['usr/bin/lua', 'lua5.4'],
    ['usr/bin/sh', 'dash'],
  ];
  for (const [link, target] of links) {
    const there = existsSync(join(root, 'usr/bin', target)) && !existsSync(join(root, link));
    if (there) symlinkSync(target, join(root, link));
  }
}

export interface DebianRoot {
  architecture: Architecture;
  /** Names of packages and of {@link SETS}. */
  packages: readonly string[];
  /** Unless given, {@link defaultRoot}. */
  root?: string;
  suite?: string;
  /** Leave out what the packages depend on: for files that tools of the host read. Such a root is no whole system. */
  alone?: boolean;
  /** Called with what is being done, only if there is something to do. */
  progress?: (text: string) => void;
}

/** In the directory TSEMU_DEBIAN_ROOTS, or the project's `.cache`. */
export function defaultRoot(architecture: Architecture): string {
  const project = fileURLToPath(new URL('..', import.meta.url));
  return resolve(project, process.env.TSEMU_DEBIAN_ROOTS ?? '.cache', `debian-${architecture}`);
}

/** Makes sure that the packages and all they depend on are unpacked; returns the root's path. */
export function debianRoot(options: DebianRoot): string {
  const { architecture, suite, alone = false, progress = () => {} } = options;
  if (alone && options.root === undefined) throw new Failure('packages alone need a root of their own: --root');
  const root = resolve(options.root ?? defaultRoot(architecture));
  const stamp = `${root}.stamp.json`;
  const wanted = expandPackages(options.packages);
  const have: { suite?: string; packages?: string[]; files?: string[] } = existsSync(stamp)
    ? JSON.parse(readFileSync(stamp, 'utf8'))
    : {};
  const suites = suite === undefined ? SUITES : [suite];
  const current = existsSync(root) && have.suite !== undefined && suites.includes(have.suite);
  // Never let a substitute pass for the release that was meant.
  const substitute = suite === undefined && current && have.suite !== SUITES[0];
  if (substitute) progress(`${root} is of ${have.suite}, not ${SUITES[0]}; remove it to try ${SUITES[0]} again`);
  if (current && wanted.every((name) => have.packages?.includes(name))) return root;

  const all = expandPackages([...(current ? (have.packages ?? []) : []), ...wanted]);
  // A root is of one release: what is added to it has to be.
  const candidates = current ? [have.suite as string] : suites;
  for (const [index, candidate] of candidates.entries()) {
    try {
      const files = fetchAndUnpack(candidate, all, current ? (have.files ?? []) : undefined);
      writeFileSync(`${stamp}.new`, JSON.stringify({ suite: candidate, packages: all, files }, null, 2));
      renameSync(`${stamp}.new`, stamp);
      return root;
    } catch (error) {
      if (!(error instanceof UnverifiedIndex) || index === candidates.length - 1) throw error;
      progress(`${error.message} Trying ${candidates[index + 1]}.`);
    }
  }
  throw new Failure('no release to take packages from');

  /** @param present archives already unpacked in the root; undefined to start it anew. Returns all that are now. */
  function fetchAndUnpack(from: string, packages: readonly string[], present: readonly string[] | undefined): string[] {
    const base = `${root}.apt`;
    if (!present) rmSync(base, { recursive: true, force: true });
    const apt = privateApt(base, architecture, from);
    progress(`reading the index of Debian ${from} for ${architecture}`);
    apt('apt-get', 'update', '--error-on=any');
    progress(`downloading ${packages.join(' ')}`);
    if (alone) apt('apt-get', 'download', ...packages);
    else apt('apt-get', 'install', '--download-only', '--no-install-recommends', ...packages);

    if (!present) rmSync(root, { recursive: true, force: true });
    mergeUsr(root);
    const archives = join(base, 'cache/archives');
    const unpacked = new Set(present);
    const missing = readdirSync(archives).filter((name) => name.endsWith('.deb') && !unpacked.has(name));
    progress(`unpacking ${missing.length} packages`);
    for (const file of missing.sort()) {
      execFileSync('dpkg-deb', ['-x', join(archives, file), root], { stdio: ['ignore', 'ignore', 'inherit'] });
      unpacked.add(file);
    }
    configure(root);
    return [...unpacked];
  }
}

/** The release that a root was made of. */
export function releaseOf(root: string): string {
  return JSON.parse(readFileSync(`${root}.stamp.json`, 'utf8')).suite;
}

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      arch: { type: 'string' },
      suite: { type: 'string' },
      alone: { type: 'boolean' },
      root: { type: 'string' },
      quiet: { type: 'boolean', short: 'q' },
    },
  });
  const architecture = (values.arch ?? positionals.shift() ?? '') as Architecture;
  if (!ARCHITECTURES.includes(architecture) || positionals.length === 0) {
    throw new Failure(`usage: debian-root.ts ARCH PACKAGE…  (ARCH: ${ARCHITECTURES.join(', ')})`);
  }
  const progress = values.quiet ? undefined : (text: string) => process.stderr.write(`debian-root: ${text}\n`);
  const { root: directory, suite, alone } = values;
  const root = debianRoot({ architecture, packages: positionals, root: directory, suite, alone, progress });
  process.stdout.write(`${root}\n`);
}

if (import.meta.main) {
  try {
    main();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    process.stderr.write(`debian-root: ${error.message}\n`);
    process.exitCode = 1;
  }
}
