/** The man page of all commands, in roff (man(7)), with the options from their table. */
import { OPTIONS } from '../src/cli/option-table.ts';

/** Text with what roff would take for itself escaped: dashes are dashes, a dot at the start of a line is one. */
const roff = (text: string): string =>
  text
    .replace(/\\/g, '\\e')
    .replace(/-/g, '\\-')
    .replace(/^(?=[.'])/gm, '\\&');

function optionText(name: string): string {
  const { value, isOptional, sets, about } = OPTIONS[name];
  const written = value === undefined ? '' : `\\fI${roff(value)}\\fR`;
  const argument = value === undefined ? '' : isOptional ? `[=${written}]` : ` ${written}`;
  const variable = sets === undefined ? '' : `\n.br\nEnvironment: \\fBTSEMU_${sets}\\fR, \\fBQEMU_${sets}\\fR.`;
  return `.TP\n\\fB\\-${roff(name)}\\fR${argument}\n${roff(about)}.${variable}`;
}

const SECTIONS: readonly [title: string, text: string][] = [
  ['NAME', 'tsemu, tsemu\\-riscv64, tsemu\\-aarch64, tsemu\\-arm \\- run Linux programs built for another processor'],
  [
    'SYNOPSIS',
    `.B tsemu run
.RI [ options ] " program " [ arguments ...]
.br
.B tsemu chroot
.RI [ options ] " directory " [ command " [" arguments ...]]
.br
.B tsemu\\-riscv64
.RI [ options ] " program " [ arguments ...]
.br
.B tsemu\\-aarch64
.RI [ options ] " program " [ arguments ...]
.br
.B tsemu\\-arm
.RI [ options ] " program " [ arguments ...]
.br
.B tsemu binfmt
.RB { register | unregister | status | print }
.RI [ arch ...]
.br
.B tsemu doctor
.br
.B tsemu completion
.RB { bash | zsh | fish }`,
  ],
  [
    'DESCRIPTION',
    `Runs one Linux program, built for riscv64, aarch64 or 32-bit arm, on x86\\-64 Linux.
Its code is translated, its system calls are carried out by the host's kernel.
Programs that it executes run in the same way; programs of the host run natively.
.PP
.B tsemu run
finds the architecture in the program, or in the interpreter that a script names; the other commands are told by their name.
.PP
.B tsemu chroot
runs a command, by default a shell, with
.I directory
as its root directory, which has the files of another system.
Nothing else is visible but the host's /dev, /proc and /sys, and what
.B \\-b
names.
No privileges are needed.
With
.BR \\-0 ,
which is
.B \\-root\\-id
there, the command is told that it runs as root; see chroot.md in the documentation.
.PP
.B tsemu binfmt
has the kernel run such programs with tsemu whoever executes them; see binfmt.md in the documentation.
.B tsemu doctor
says whether programs can run on this machine, and if not, why.
.B tsemu completion
prints completions for a shell:
.BR "source <(tsemu completion bash)" .`,
  ],
  [
    'OPTIONS',
    `They stand before the program's name and may be written with one or two dashes.
Switches are on if their variable is set, whatever it says.
\n${Object.keys(OPTIONS).map(optionText).join('\n')}`.replace('\n\n', '\n'),
  ],
  [
    'EXIT STATUS',
    `That of the program; if a signal kills it, tsemu dies of the same one.
.TP
.B 126
The program cannot be executed: wrong format, no permission.
.TP
.B 127
There is no such program, or no Node.js that can run tsemu.
.TP
.B 1
An option is wrong, or what it names is not there.
.TP
.B 70
An error in the emulator.`,
  ],
  [
    'EXAMPLES',
    `.EX
tsemu run ./hello one two
tsemu run \\-L /usr/riscv64\\-linux\\-gnu ./hello
tsemu chroot \\-0 ./debian\\-arm64 dpkg \\-i /tmp/hello.deb
tsemu\\-riscv64 \\-strace \\-D log ./hello
sudo tsemu binfmt register
.EE`,
  ],
  ['SEE ALSO', '.BR qemu\\-user (1),\n.BR strace (1),\n.BR binfmt.d (5),\n.BR execve (2)'],
];

/** The page for a version of tsemu. */
export const manPage = (version: string): string =>
  `.TH TSEMU 1 "" "tsemu ${version}"\n${SECTIONS.map(([title, text]) => `.SH ${title}\n${text}\n`).join('')}`;

/** A page that shows another one. */
export const manLink = '.so man1/tsemu.1\n';
