/**
 * Completion of command lines in bash, zsh and fish, made from the tables of
 * options: options up to the program's name, then the program's own files.
 *
 *     source <(tsemu completion bash)
 */
import { CHROOT_SHORT, OPTIONS, type Option } from '../cli/option-table.ts';
import { LOG_ITEMS } from '../cli/settings.ts';
import { GUEST_ARCHITECTURES } from '../loader/machine.ts';
import { ACTIONS } from './binfmt.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** Commands that take the emulator's options. */
const RUNNERS = ['run', 'chroot'];

/** Words that can stand behind each other command of `tsemu`. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  binfmt: [...ACTIONS, ...GUEST_ARCHITECTURES, '--force', '--flags', '--mount'],
  doctor: ['--mount'],
  completion: SHELLS,
};

const EMULATORS = GUEST_ARCHITECTURES.map((name) => `tsemu-${name}`);

/** What an option's value can be: words, or undefined for a file. */
function valuesOf(name: string, { value = '' }: Option): readonly string[] | undefined {
  if (name === 'd') return Object.keys(LOG_ITEMS);
  return /^[a-z-]+(\|[a-z-]+)+$/.test(value) && name !== 'cache' ? value.split('|') : undefined;
}

const entries = Object.entries(OPTIONS);
/** Those whose value is a word of its own. */
const withValue = entries.filter(([, { value, isOptional }]) => value !== undefined && !isOptional);

/** For bash, whose arrays zsh's bashcompinit imitates. */
function bash(): string {
  const values = withValue
    .map(([name, option]) => [name, valuesOf(name, option)] as const)
    .filter(([, words]) => words !== undefined)
    .map(([name, words]) => `      ${name}) COMPREPLY=($(compgen -W '${words?.join(' ')}' -- "$cur")) ;;`);
  const commands = Object.entries(COMMANDS).map(
    ([name, words]) => `      ${name}) COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$cur")); return ;;`,
  );
  return `_tsemu() {
  local cur=\${COMP_WORDS[COMP_CWORD]} i=1 name
  COMPREPLY=()
  if [[ \${COMP_WORDS[0]##*/} == tsemu ]]; then
    if (( COMP_CWORD == 1 )); then
      COMPREPLY=($(compgen -W '${[...RUNNERS, ...Object.keys(COMMANDS)].join(' ')} --help --version' -- "$cur"))
      return
    fi
    case \${COMP_WORDS[1]} in
      ${RUNNERS.join('|')}) i=2 ;;
${commands.join('\n')}
      *) return ;;
    esac
  fi
  while (( i < COMP_CWORD )); do
    name=\${COMP_WORDS[i]}
    [[ $name == -?* ]] || return 0
    name=\${name#-}; name=\${name#-}
    [[ \${COMP_WORDS[1]} != chroot ]] || case $name in ${Object.entries(CHROOT_SHORT)
      .map(([short, long]) => `${short}) name=${long} ;;`)
      .join(' ')} esac
    case $name in
      ${withValue.map(([name]) => name).join('|')}) (( i += 2 )) ;;
      *) (( i += 1 )) ;;
    esac
  done
  if (( i > COMP_CWORD )); then
    case $name in
${values.join('\n')}
    esac
  elif [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W '${entries.map(([name]) => `-${name}`).join(' ')}' -- "$cur"))
  fi
}
complete -o default -o bashdefault -F _tsemu tsemu ${EMULATORS.join(' ')}
`;
}

const zsh = (): string =>
  `autoload -U +X compinit && compinit -u\nautoload -U +X bashcompinit && bashcompinit\n${bash()}`;

const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

function fish(): string {
  const lines = [
    ...[...RUNNERS, ...Object.keys(COMMANDS)].map((name) => `complete -c tsemu -f -n __fish_use_subcommand -a ${name}`),
    ...Object.entries(COMMANDS).map(
      ([name, words]) => `complete -c tsemu -f -n '__fish_seen_subcommand_from ${name}' -a ${quoted(words.join(' '))}`,
    ),
  ];
  for (const [name, option] of entries) {
    const values = valuesOf(name, option);
    const value =
      values !== undefined
        ? ` -x -a ${quoted(values.join(' '))}`
        : option.value === undefined || option.isOptional
          ? ''
          : ' -r';
    // Short options of fish's would be taken together: -sand for -s and its value.
    const rest = `-o ${name}${value} -d ${quoted(option.about)}`;
    lines.push(`complete -c tsemu -n '__fish_seen_subcommand_from ${RUNNERS.join(' ')}' ${rest}`);
    for (const command of EMULATORS) lines.push(`complete -c ${command} ${rest}`);
  }
  return `${lines.join('\n')}\n`;
}

/** The script that the shell is to read. */
export const completionScript = (shell: Shell): string => ({ bash, zsh, fish })[shell]();
