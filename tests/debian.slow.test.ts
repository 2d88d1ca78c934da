/**
 * Programs of Debian's archives for the guest architectures: each runs under tsemu and under qemu-user in a directory of its own with the
 * same files; what it writes, how it ends, and the files that it leaves must be equal, byte for byte.
 *
 *     npm run test:programs                 TSEMU_DEBIAN_ROOTS names the directory of roots made before
 *
 * riscv64 runs all of them, the others every twelfth of a group unless TSEMU_DEBIAN=all.
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: shell variables look like that
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { debianName, debianRoot, releaseOf } from '../scripts/debian-root.ts';
import { type Outcome, qemu, run, testEnvironment, tsemu } from './support/run.ts';

interface ProgramCase {
  name: string;
  /** Path below the root, then arguments. */
  command: string[];
  stdin?: string | Buffer;
  /** Removes what may differ from run to run (times). */
  clean?: (text: string) => string;
  /** Seconds; 240 unless given. */
  limit?: number;
}

interface Guest {
  arch: string;
  root: string;
  /** One case in so many is run. */
  share: number;
}
const GUESTS: Guest[] = [
  { arch: 'riscv64', root: '', share: 1 },
  { arch: 'aarch64', root: '', share: process.env.TSEMU_DEBIAN === 'all' ? 1 : 12 },
  { arch: 'arm', root: '', share: process.env.TSEMU_DEBIAN === 'all' ? 1 : 12 },
];

let scratch: string;
beforeAll(() => {
  const progress = (text: string) => process.stderr.write(`debian-root: ${text}\n`);
  for (const guest of GUESTS) {
    guest.root = debianRoot({ architecture: debianName(guest.arch), packages: ['programs'], progress });
    process.stderr.write(`programs of Debian ${releaseOf(guest.root)} for ${guest.arch}\n`);
  }
  scratch = mkdtempSync(join(tmpdir(), 'tsemu-debian-'));
}, 900_000);
afterAll(() => {
  if (scratch) rmSync(scratch, { recursive: true, force: true });
});

// Input that is the same every time.
const WORDS = 'the quick brown fox jumps over a lazy dog while seven wizards mix potent jars of quartz'.split(' ');
let state = 1;
const random = (below: number): number => {
  state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
  return (state >>> 8) % below;
};
const lines = (count: number, make: (i: number) => string) =>
  `${Array.from({ length: count }, (_, i) => make(i)).join('\n')}\n`;
const sentence = () => Array.from({ length: 3 + random(9) }, () => WORDS[random(WORDS.length)]).join(' ');
const FILES: Record<string, string | Buffer> = {
  'text.txt': lines(2000, sentence),
  'other.txt': lines(2000, (i) => (i % 97 === 0 ? 'changed' : sentence())),
  'numbers.txt': lines(3000, () => `${random(100_000) - 50_000}`),
  'table.csv': lines(
    1500,
    (i) => `${i},${WORDS[random(WORDS.length)]},${random(1000)},${(random(10_000) / 7).toFixed(3)}`,
  ),
  'tabs.txt': lines(50, (i) => `${i}\tcolumn\t\tx${'y'.repeat(i)}`),
  'binary.bin': Buffer.from(Uint8Array.from({ length: 70_000 }, () => random(256))),
  'data.json': JSON.stringify(
    Array.from({ length: 800 }, (_, i) => ({
      id: i,
      name: sentence(),
      tags: [random(9), null, i % 2 === 0],
      v: random(1e6) / 64,
    })),
  ),
  'sorted-a': lines(200, (i) => String(i * 3).padStart(5, '0')),
  'sorted-b': lines(200, (i) => String(i * 5).padStart(5, '0')),
  'program.c': lines(
    60,
    (i) => `int f${i}(int a, double b) { for (int k = 0; k < a; k++) b = b * ${i}.5 + k % ${i + 2}; return (int)b; }`,
  ),
};

function makeDirectory(path: string): void {
  const directory = join(path, 'directory');
  mkdirSync(join(directory, 'inner'), { recursive: true });
  for (const [name, content] of Object.entries(FILES)) writeFileSync(join(path, name), content);
  writeFileSync(join(directory, 'small'), 'small\n');
  writeFileSync(join(directory, 'inner', '.hidden'), 'hidden\n', { mode: 0o600 });
  symlinkSync('../text.txt', join(directory, 'link'));
  symlinkSync('nowhere', join(directory, 'dangling'));
  const all = readdirSync(path, { recursive: true, encoding: 'utf8' }).sort().reverse();
  for (const name of [...all, '.']) lutimesSync(join(path, name), 1_600_000_000, 1_600_000_000);
}

/** Names, kinds, modes and contents below a directory. */
function tree(path: string): Record<string, string> {
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).sort();
  return Object.fromEntries(
    names.map((name) => {
      const file = join(path, name);
      const stat = lstatSync(file);
      const content = stat.isSymbolicLink()
        ? `-> ${readlinkSync(file)}`
        : stat.isFile()
          ? createHash('sha256').update(readFileSync(file)).digest('hex')
          : '';
      return [name, `${stat.mode.toString(8)} ${content}`];
    }),
  );
}

/**
 * Where Perl's modules are on the host. It looks for them by statx on 32-bit arm, with which qemu-user does not find what
 * is below -L alone.
 */
const perlDirectories = (root: string): string =>
  ['usr/share/perl', 'usr/lib/arm-linux-gnueabihf/perl', 'usr/lib/arm-linux-gnueabihf']
    .flatMap((parent) => readdirSync(join(root, parent)).map((name) => join(root, parent, name)))
    .filter((directory) => /\/perl\/5\.\d+$|perl-base$/.test(directory))
    .join(':');

let runs = 0;
async function runIn(
  emulator: (arch: string) => string[],
  { arch, root }: Guest,
  { command, stdin, limit = 240 }: ProgramCase,
): Promise<{ outcome: Outcome; tree: Record<string, string> }> {
  // The last component is the same for both: programs print it.
  const parent = join(scratch, `${runs++}`.padStart(5, '0'));
  const cwd = join(parent, 'work');
  makeDirectory(cwd);
  const env = testEnvironment({
    PATH: '/usr/bin:/bin',
    HOME: '/tmp',
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONHASHSEED: '0',
    ...(arch === 'arm' ? { PERL5LIB: perlDirectories(root) } : {}),
  });
  const program = [...emulator(arch), '-L', root, join(root, command[0]), ...command.slice(1)];
  const outcome = await run(program, { stdin, env, cwd, timeout: limit * 1000 });
  const result = { outcome, tree: tree(cwd) };
  rmSync(parent, { recursive: true, force: true });
  return result;
}

/** What a failed comparison can show: binary output by its length and hash. */
function printable(text: string): string {
  if (!/[^\t\n\r\x20-\x7e]/.test(text)) return text;
  return `${text.length} bytes, SHA-256 ${createHash('sha256').update(text, 'latin1').digest('hex')}`;
}

/** Declares a test for every guest. */
function compare(group: string, cases: ProgramCase[]): void {
  for (const guest of GUESTS) {
    describe(`${guest.arch} ${group}`, () => {
      for (const [index, one] of cases.entries()) {
        if (index % guest.share === 0) compareOne(guest, one);
      }
    });
  }
}

function compareOne(guest: Guest, one: ProgramCase): void {
  test(one.name, { timeout: (one.limit ?? 240) * 2000 }, async () => {
    if (!existsSync(join(guest.root, one.command[0]))) throw new Error(`${one.command[0]} is not in ${guest.root}`);
    const [actual, expected] = [await runIn(tsemu, guest, one), await runIn(qemu, guest, one)];
    const clean = one.clean ?? ((text: string) => text);
    const seen = ({ outcome }: typeof actual) => ({
      ...outcome,
      stdout: printable(clean(outcome.stdout)),
      stderr: printable(clean(outcome.stderr)),
    });
    // A program that is not there would be equally absent twice.
    expect(expected.outcome.status, expected.outcome.stderr).not.toSatisfy(
      (status) => status === 126 || status === 127,
    );
    expect(seen(actual)).toEqual(seen(expected));
    expect(actual.tree).toEqual(expected.tree);
  });
}

const named = (
  program: string,
  list: (string[] | [string[], string])[],
  more: Partial<ProgramCase> = {},
): ProgramCase[] =>
  list.map((entry) => {
    const [args, stdin] = Array.isArray(entry[0]) ? (entry as [string[], string]) : [entry as string[], undefined];
    const shown = args.join(' ').replace(/\s+/g, ' ');
    return { name: `${program.split('/').pop()} ${shown.slice(0, 70)}`, command: [program, ...args], stdin, ...more };
  });

const BUSYBOX: (string[] | [string[], string])[] = [
  ['cat', 'text.txt', 'tabs.txt'],
  ['head', '-n', '30', 'text.txt'],
  ['tail', '-n', '+1990', 'text.txt'],
  ['wc', 'text.txt', 'binary.bin'],
  ['sort', '-n', 'numbers.txt'],
  ['sort', '-k2', '-t', ',', 'table.csv'],
  [['uniq', '-c'], 'a\na\nb\nc\nc\nc\n'],
  ['cut', '-d,', '-f2,4', 'table.csv'],
  [['tr', 'a-z', 'A-Z'], 'mixed Case text\n'],
  ['rev', 'text.txt'],
  ['tac', 'text.txt'],
  ['nl', 'text.txt'],
  ['expand', 'tabs.txt'],
  ['unexpand', '-a', 'text.txt'],
  ['fold', '-w', '20', 'text.txt'],
  ['paste', 'sorted-a', 'sorted-b'],
  ['od', '-A', 'x', '-t', 'x1', 'binary.bin'],
  ['hexdump', '-C', 'binary.bin'],
  ['xxd', 'binary.bin'],
  ['md5sum', 'text.txt', 'binary.bin'],
  ['sha1sum', 'binary.bin'],
  ['sha256sum', 'binary.bin'],
  ['sha512sum', 'binary.bin'],
  ['sha3sum', 'binary.bin'],
  ['crc32', 'binary.bin'],
  ['base64', 'binary.bin'],
  ['uuencode', 'binary.bin', 'name'],
  ['grep', '-n', 'wizards.*dog', 'text.txt'],
  ['sed', '-e', 's/fox/wolf/g', '-e', '10,20d', 'text.txt'],
  ['awk', '-F,', '{s+=$3*$4} END {printf "%.6f\\n", s}', 'table.csv'],
  [['ts', '-m'], ''],
  ['diff', '-u', 'text.txt', 'other.txt'],
  ['cmp', '-l', 'sorted-a', 'sorted-b'],
  ['find', '.', '-type', 'f', '-size', '+1'],
  ['ls', '-la', 'directory'],
  ['stat', '-c', '%n %s %a %F %Y', 'text.txt', 'directory'],
  ['date', '-u', '-d', '@1700000000', '+%F %T %j'],
  ['cal', '2', '2024'],
  ['expr', '12345', '*', '6789'],
  ['seq', '1', '7', '500'],
  ['factor', '1234567890123456789', '97', '1000000007'],
  ['printf', '%s-%05d-%x\\n', 'a', '42', '255'],
  ['basename', '/usr/lib/libc.so', '.so'],
  ['dirname', '/usr/lib/libc.so'],
  ['readlink', 'directory/link'],
  ['test', '-f', 'text.txt'],
  ['gzip', '-c', 'text.txt'],
  ['bzip2', '-c', 'text.txt'],
  ['tar', '-cf', '-', 'text.txt', 'directory'],
  ['strings', 'binary.bin'],
  ['dd', 'if=binary.bin', 'of=copy', 'bs=1000', 'skip=3', 'count=20', 'status=none'],
  ['unlink', 'text.txt'],
  ['cp', '-a', 'directory', 'copied'],
  ['mv', 'text.txt', 'directory/moved.txt'],
  ['rm', '-r', 'directory'],
  ['mkdir', '-p', 'a/b/c'],
  ['ln', '-s', 'text.txt', 'made-link'],
  ['chmod', '640', 'text.txt'],
  [['tee', 'tee-a', 'tee-b'], 'to tee\n'],
  [['dc'], '2 100 ^ p 20 k 2 v p\n'],
  [['bc'], '2^200; 10/3\n'],
  ['ash', '-c', 'i=0; while [ $i -lt 300 ]; do i=$((i+7)); done; echo $i; set -- a b; echo "$#" "${1%a}x"'],
  ['ipcalc', '-n', '-b', '192.168.10.77/20'],
  ['truncate', '-s', '12345', 'text.txt'],
  ['false'],
];
compare('busybox', named('usr/bin/busybox', BUSYBOX));

compare(
  'bash',
  named('usr/bin/bash', [
    ['-c', 'echo "$BASH_VERSION" ${#PATH}; printf "%q\\n" "a b" $\'x\\ty\''],
    [
      '-c',
      'declare -A m=([a]=1 [b]=2); for k in a b; do echo $k ${m[$k]}; done; a=(1 2 3); echo "${a[@]/2/two}" ${#a[@]} $((3**7 % 11))',
    ],
    [
      '-c',
      'f() { local n=$1; ((n < 2)) && { r=$n; return; }; f $((n-1)); local x=$r; f $((n-2)); r=$((x+r)); }; f 12; echo $r',
    ],
    [
      '-c',
      'while IFS=, read -r a b c d; do ((s+=c)); done < table.csv; echo $s; trap "echo bye" EXIT; [[ abc123 =~ ^([a-z]+)([0-9]+)$ ]] && echo ${BASH_REMATCH[2]}',
    ],
    [
      '-c',
      'for f in *.txt directory/*; do [[ -L $f ]] && echo "$f is a link" || echo "$f"; done; shopt -s globstar; echo **; exit 7',
    ],
    [
      '-c',
      'mapfile -t l < numbers.txt; echo ${#l[@]} ${l[17]}; printf -v d "%(%F)T" 0; echo $d; echo to-file > made; kill -TERM $$',
    ],
  ]),
);

compare('coreutils', [
  ...named('usr/bin/ls', [['-la'], ['-lR', '--full-time'], ['--color=always', '-F']]),
  ...named('usr/bin/sort', [
    ['text.txt'],
    ['-n', '-r', '-u', 'numbers.txt'],
    ['-t,', '-k4g', '--parallel=1', 'table.csv'],
  ]),
  ...named('usr/bin/sha256sum', [['text.txt', 'binary.bin', 'data.json']]),
  ...named('usr/bin/od', [
    ['-t', 'f8', 'binary.bin'],
    ['-A', 'd', '-t', 'x2z', 'binary.bin'],
  ]),
  ...named('usr/bin/stat', [['-c', '%n %s %A %F %y', 'text.txt', 'directory', 'directory/link']]),
  ...named('usr/bin/seq', [
    ['0.1', '0.1', '20'],
    ['-w', '1', '333'],
  ]),
  ...named('usr/bin/date', [
    ['-u', '-d', '2024-02-29 12:34:56 +1 year', '+%c %s %N'],
    ['-d', '@0'],
  ]),
  ...named('usr/bin/factor', [['18446744073709551557', '600851475143']]),
  ...named('usr/bin/wc', [['text.txt', 'binary.bin']]),
  ...named('usr/bin/cp', [
    ['-a', 'directory', 'copied'],
    ['--sparse=always', 'binary.bin', 'sparse'],
  ]),
  ...named('usr/bin/tac', [['text.txt']]),
  ...named('usr/bin/numfmt', [['--to=iec', '123456789', '1000']]),
  ...named('usr/bin/shuf', [['--random-source=binary.bin', 'sorted-a']]),
  ...named('usr/bin/b2sum', [['binary.bin']]),
  ...named('usr/bin/join', [['-t,', 'table.csv', 'table.csv']]),
]);

compare('text tools', [
  ...named('usr/bin/grep', [
    ['-P', '-on', '(?<=quick )\\w+(?= fox)', 'text.txt'],
    ['-c', 'wizards', 'text.txt', 'other.txt'],
    ['-rn', 'hidden', 'directory'],
    ['absent', 'text.txt'],
  ]),
  ...named('usr/bin/sed', [
    ['-n', '/fox/{s/\\(quick\\) \\(brown\\)/\\2 \\1/gp}', 'text.txt'],
    ['-i', '1!G;h;$!d', 'sorted-a'],
    ['-E', 's/([a-z]+) ([a-z]+)/\\u\\1 \\U\\2/', 'text.txt'],
  ]),
  ...named('usr/bin/gawk', [
    [
      '-F,',
      '{c[$2]+=$3; v+=$4} END {n=asorti(c,k); for(i=1;i<=n;i++) print k[i], c[k[i]]; printf "%.6f %s\\n", v, strftime("%F",0,1)}',
      'table.csv',
    ],
    [
      'BEGIN {for(i=0;i<20000;i++) {s+=sin(i)*sqrt(i); t=t (i%10)}; printf "%.6f %d %s\\n", s, length(t), gensub(/([0-9])5/,"<\\\\1>","g",substr(t,1,40))}',
    ],
  ]),
  ...named('usr/bin/diff', [
    ['-u', 'text.txt', 'other.txt'],
    ['-y', 'sorted-a', 'sorted-b'],
  ]),
  ...named('usr/bin/find', [['.', '-newermt', '2000-01-01', '-name', '*.txt', '-printf', '%p %s %m\\n']]),
  ...named('usr/bin/file', [['text.txt', 'binary.bin', 'data.json', 'program.c']]),
]);

compare('jq and sqlite3', [
  ...named('usr/bin/jq', [
    [
      'map(select(.v > 5000)) | group_by(.tags[0]) | map({k: .[0].tags[0], n: length, s: (map(.v) | add)})',
      'data.json',
    ],
    ['-c', '.[:5][] | {id, w: (.name | split(" ") | sort), r: (.v | sqrt | floor)}', 'data.json'],
    ['-r', '.[] | [.id, .name, .v] | @csv', 'data.json'],
    ['.[', 'data.json'],
  ]),
  ...named(
    'usr/bin/sqlite3',
    [
      [
        ['made.db'],
        `create table t(id integer primary key, k integer, s text);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)
insert into t select i, (i * 7919) % 10007, printf('%08x', i * 2654435761 % 4294967296) from n;
create index tk on t(k);
select count(*), sum(k), min(s), max(s) from t;
select k, count(*), group_concat(id) from t where k between 17 and 19 group by k order by k;
explain query plan select * from t where k = 5;
select round(avg(k * 1.5), 4) from t where s like '%ff%';
pragma integrity_check;
`,
      ],
    ],
    { limit: 720 },
  ),
]);

compare('lua and perl', [
  ...named('usr/bin/lua5.4', [
    [
      '-e',
      'local t = {} for i = 1, 50000 do t[#t + 1] = (i * 7919) % 10007 end table.sort(t) print(t[1], t[25000], t[50000], #t, string.format("%.10f %q %x", math.pi, "a\\nb", 255)) for w in ("one two three"):gmatch("%a+") do io.write(w:upper(), ".") end print(pcall(error, {1}), 7 // 2, 2^53, 1 << 62)',
    ],
    [
      '-e',
      'local f = coroutine.wrap(function() for i = 1, 1000 do coroutine.yield(i) end end) local s = 0 for i in f do s = s + i end print(s) for l in io.lines("numbers.txt") do s = s + tonumber(l) end print(s, math.type(s)) error("end")',
    ],
  ]),
  ...named('usr/bin/perl', [
    [
      '-e',
      'my %c; open F, "<", "text.txt"; while (<F>) { $c{$_}++ for /\\b(\\w{4,})\\b/g } print "$_ $c{$_}\\n" for sort { $c{$b} <=> $c{$a} || $a cmp $b } keys %c',
    ],
    [
      '-e',
      'use strict; use warnings; my @a = map { ($_ * 7919) % 10007 } 1 .. 50000; my @s = sort { $a <=> $b } @a; printf "%d %d %.15g %s\\n", $s[0], $s[-1], sqrt(2), join ",", map { sprintf "%b", $_ } 1 .. 9; local $_ = "x" x 1000; print s/x(?=(xx)+$)//gr, "\\n"; die "end\\n"',
    ],
    [
      '-MList::Util=sum,shuffle',
      '-MData::Dumper',
      '-MDigest::SHA=sha256_hex',
      '-MPOSIX=floor,strftime',
      '-e',
      '$Data::Dumper::Sortkeys = 1; print Dumper({a => [1, {b => undef}], c => \\"s"}), sha256_hex("abc"), " ", strftime("%F", gmtime 0), " ", sum(1 .. 1000), "\\n"',
    ],
    [
      '-e',
      'print pack("w/a* n N q> d>", "hello", 1, 2, -3, 1.5) =~ s/(.)/sprintf "%02x", ord $1/gesr, "\\n"; opendir D, "directory"; print join(" ", sort readdir D), "\\n"; print -s "binary.bin", "\\n"',
    ],
  ]),
]);

/**
 * Runs a module of Python's regression tests in this one process: `-m test` starts others. Left out are tests that do
 * so themselves, which qemu-user cannot without binfmt_misc, and tsemu not yet.
 */
const REGRESSION = `
import importlib, sys, unittest
module = importlib.import_module("test." + sys.argv[1])
suite = unittest.TestSuite()
def add(tests):
    for one in tests:
        if isinstance(one, unittest.TestSuite): add(one)
        elif one.id().split(".")[-1] not in ("test_cache_bytes_vs_str_bb", "test_struct_cleans_up_at_runtime_shutdown"): suite.addTest(one)
add(unittest.defaultTestLoader.loadTestsFromModule(module))
result = unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(suite)
sys.exit(not result.wasSuccessful() or result.testsRun == 0)
`;

/** Takes out the duration, the only thing that differs. */
const PYTHON_TIMES = (text: string) => text.replace(/^(Ran \d+ tests? in) [\d.]+s$/gm, '$1');

compare('python', [
  ...named(
    'usr/bin/python3',
    [
      [
        '-c',
        'import json; d = json.load(open("data.json")); print(len(json.dumps(d, indent=1, sort_keys=True)), sum(x["v"] for x in d), json.loads("[1e400, -0.0, \\"\\\\ud83d\\\\ude00\\"]"))',
      ],
      [
        '-c',
        'import re; t = open("text.txt").read(); print(len(re.findall(r"(?i)\\b(\\w+) (?:fox|dog)\\b", t)), re.sub(r"(\\w+) (\\w+)", r"\\2 \\1", t[:200]))',
      ],
      [
        '-c',
        'from decimal import *; getcontext().prec = 60; print(Decimal(2).sqrt(), Decimal(1) / 7, Decimal("1e-5000").exp()); from fractions import Fraction; print(sum(Fraction(1, n) for n in range(1, 60)))',
      ],
      [
        '-c',
        'import hashlib, zlib, struct, base64, binascii; b = open("binary.bin", "rb").read(); print([hashlib.new(n, b).hexdigest() for n in ("md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b")], zlib.crc32(b), len(zlib.compress(b * 3, 9)), zlib.decompress(zlib.compress(b)) == b, struct.unpack("<IdqH", b[:22]), base64.b85encode(b[:50]))',
      ],
      [
        '-c',
        'import sys, math, random; random.seed(5); print(sys.version_info[:2], sys.byteorder, sys.maxsize, math.fsum([0.1] * 10), [random.random() for _ in range(3)], 3 ** 500 % 10 ** 50, len(str(7 ** 5000)))',
      ],
      [
        '-c',
        'import os, sys; print(sorted(os.listdir("directory")), os.stat("binary.bin").st_size, os.uname().machine); os.rename("text.txt", "renamed"); open("new", "w").write("x" * 100000); sys.exit(3)',
      ],
      ['-c', 'raise ValueError("end")'],
    ],
    { limit: 480 },
  ),
  ...['test_math', 'test_struct', 'test_float', 'test_int', 'test_bisect', 'test_heapq'].map((name) => ({
    name,
    command: ['usr/bin/python3.13', '-c', REGRESSION, name],
    limit: 1200,
    clean: PYTHON_TIMES,
  })),
]);

/** Ten megabytes that compress somewhat. */
const TEN_MEGABYTES = (() => {
  const parts: string[] = [];
  for (let size = 0; size < 10_000_000; ) {
    const line = `${sentence()} ${random(1_000_000)}\n`;
    parts.push(line);
    size += line.length;
  }
  return Buffer.from(parts.join('').slice(0, 10_000_000));
})();

describe.each(GUESTS)('$arch compressors', (guest) => {
  const COMPRESSORS: { program: string; pack: string[]; unpack: string[] }[] = [
    { program: 'usr/bin/gzip', pack: ['-c', '-n'], unpack: ['-dc'] },
    { program: 'usr/bin/xz', pack: ['-T1', '-2', '-c'], unpack: ['-T1', '-dc'] },
    // Without --no-asyncio it starts threads for input and output even so.
    {
      program: 'usr/bin/zstd',
      pack: ['--single-thread', '--no-asyncio', '-q', '-c'],
      unpack: ['--single-thread', '--no-asyncio', '-q', '-dc'],
    },
  ];
  for (const [index, { program, pack, unpack }] of COMPRESSORS.entries()) {
    if (index % guest.share !== 0) continue;
    test(`${program} ${pack.join(' ')}: 10 MB there and back`, { timeout: 3_000_000 }, async () => {
      const bytes = (outcome: Outcome) => Buffer.from(outcome.stdout, 'latin1');
      const one = { name: '', command: [program, ...pack], stdin: TEN_MEGABYTES, limit: 1200 };
      const [actual, expected] = [await runIn(tsemu, guest, one), await runIn(qemu, guest, one)];
      expect(actual.outcome.status).toBe(0);
      expect(bytes(actual.outcome).equals(bytes(expected.outcome)), 'compressed like under qemu-user').toBe(true);
      const back = await runIn(tsemu, guest, {
        name: '',
        command: [program, ...unpack],
        stdin: bytes(actual.outcome),
        limit: 1200,
      });
      expect(back.outcome.status).toBe(0);
      expect(bytes(back.outcome).equals(TEN_MEGABYTES), 'restored').toBe(true);
    });
  }
});

compare(
  'openssl',
  named('usr/bin/openssl', [
    ...['md5', 'sha1', 'sha256', 'sha512', 'sha3-256', 'blake2b512'].map((digest) => [
      'dgst',
      `-${digest}`,
      'binary.bin',
      'text.txt',
    ]),
    ['dgst', '-sha256', '-hmac', 'key', 'binary.bin'],
    ['enc', '-aes-256-cbc', '-K', '00'.repeat(32), '-iv', '11'.repeat(16), '-in', 'text.txt', '-out', 'secret'],
    ['prime', '1000000007'],
  ]),
);

test.each(GUESTS)('$arch cc1 compiles a file to assembly', { timeout: 1_400_000 }, async (guest) => {
  const compilers = `usr/libexec/gcc/${guest.arch}-linux-gnu${guest.arch === 'arm' ? 'eabihf' : ''}`;
  const versions = readdirSync(join(guest.root, compilers));
  const cc1 = `${compilers}/${versions.sort().at(-1)}/cc1`;
  const one = { name: '', command: [cc1, '-quiet', '-O2', 'program.c', '-o', 'program.s'], limit: 600 };
  const [actual, expected] = [await runIn(tsemu, guest, one), await runIn(qemu, guest, one)];
  expect(actual).toEqual(expected);
  expect(actual.tree['program.s']).toBeDefined();
});
