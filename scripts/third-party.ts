/** What is shipped that others wrote, and the licences that are shipped with it. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';

/** A package of npm, in the bundles. */
export interface Package {
  name: string;
  version: string;
  license: string;
  directory: string;
}

/** The directory of the package that a file belongs to; undefined for files of our own. */
const packageDirectory = (file: string): string | undefined =>
  /^(.*\bnode_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];

/** A package's licence: its file, or the part of its README. Throws if there is neither. */
function licenceText(directory: string): string {
  const names = readdirSync(directory);
  const file = names.find((name) => /^(licen[cs]e|copying)/i.test(name));
  if (file !== undefined) return readFileSync(join(directory, file), 'utf8');
  const readme = names.find((name) => /^readme/i.test(name));
  const text = readme === undefined ? '' : readFileSync(join(directory, readme), 'utf8');
  const section = text.search(/^#+ *licen[cs]e *$/im);
  if (section < 0) throw new Error(`${directory} has no licence text`);
  return text.slice(section).replace(/^.*\n+/, '');
}

/** The package in a directory. */
export function packageIn(directory: string): Package {
  const { name, version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  return { name, version, license, directory };
}

/** The packages that `files` (as esbuild lists its inputs, relative to `root`) are from, in the order of their names. */
export function packagesOf(root: string, files: Iterable<string>): Package[] {
  // One that others have a copy of each is the same package.
  const packages = new Map<string, Package>();
  for (const file of files) {
    const directory = packageDirectory(file);
    if (directory === undefined) continue;
    const found = packageIn(join(root, directory));
    packages.set(`${found.name} ${found.version}`, found);
  }
  return [...packages].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, found]) => found);
}

const section = (title: string, text: string): string => `${'-'.repeat(72)}\n${title}\n\n${text.trim()}\n`;

/** The licences of the packages in the bundles. */
function bundlesText(packages: readonly Package[]): string {
  const sections = packages.map((one) =>
    section(`${one.name} ${one.version} (${one.license})`, licenceText(one.directory)),
  );
  return `tsemu's bundles contain the following packages.\n\n${sections.join('\n')}`;
}

/** A package of Debian, installed on this machine, with the shared libraries of it that are shipped. */
export interface DebianPackage {
  name: string;
  version: string;
  /** Name and version of the source package. */
  source: string;
  files: string[];
}

/** The packages that libraries are from. Throws where dpkg does not know that: what is shipped has to have a licence. */
export function debianPackagesOf(libraries: readonly string[]): DebianPackage[] {
  const packages = new Map<string, DebianPackage>();
  for (const library of libraries) {
    const [name, version, source, sourceVersion] = dpkgQuery(library);
    const known = packages.get(name);
    if (known) known.files.push(basename(library));
    else packages.set(name, { name, version, source: `${source} ${sourceVersion}`, files: [basename(library)] });
  }
  return [...packages.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Name and version of a file's package, and of its source package. */
function dpkgQuery(library: string): string[] {
  const ask = (...args: string[]) => execFileSync('dpkg-query', args, { encoding: 'utf8', stdio: 'pipe' });
  const path = realpathSync(library);
  // dpkg knows a file by the path in its package, which may be older than the merge of /lib into /usr/lib.
  for (const candidate of [path, path.replace(/^\/usr/, ''), library]) {
    try {
      const [owner] = ask('-S', candidate).split(': ');
      // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's fields look like that
      const format = '${Package} ${Version} ${source:Package} ${source:Version}';
      return ask('-W', '-f', format, owner).split(' ');
    } catch {
      // Not by this path.
    }
  }
  throw new Error(`${library} is of no Debian package`);
}

const COMMON_LICENCES = '/usr/share/common-licenses/';

/** Which libraries there are, and their licences: two parts, between which others can stand. */
function librariesText(libraries: readonly DebianPackage[]): { list: string; licences: string[] } {
  const copyrights = libraries.map(({ name }) => readFileSync(`/usr/share/doc/${name}/copyright`, 'utf8'));
  const common = new Set(
    copyrights.flatMap((text) => text.match(/(?<=\/usr\/share\/common-licenses\/)[\w.-]*\w/g) ?? []),
  );
  const list = libraries.map(
    ({ name, version, source, files }) => `  ${name} ${version} (${files.join(', ')}), source package ${source}\n`,
  );
  const licences = [
    ...libraries.map(({ name }, i) => section(`${name}, of Debian`, copyrights[i])),
    ...[...common].sort().map((name) => section(name, readFileSync(COMMON_LICENCES + name, 'utf8'))),
  ];
  return { list: list.join(''), licences };
}

/** The licences of what is in the npm package. */
export function packageText(packages: readonly Package[], libraries: readonly DebianPackage[]): string {
  const { list, licences } = librariesText(libraries);
  const about = [
    'dist/lib has, unchanged, shared libraries of Debian for Node.js. Debian has their sources, in these packages, in its',
    'archive. Others can be put in their place.\n',
    list,
  ];
  return [bundlesText(packages), ...(libraries.length === 0 ? [] : about), ...licences].join('\n');
}

/** The licences of what is in the self-contained executable. */
export function executableText(
  packages: readonly Package[],
  node: Package,
  libraries: readonly DebianPackage[],
): string {
  const { list, licences } = librariesText(libraries);
  return [
    bundlesText(packages),
    'The self-contained executable also contains Node.js and, unchanged, shared libraries of Debian. Debian has the',
    'sources of the libraries, in these packages, in its archive. To use others, build the executable with them:',
    'npm run build:sea takes those that are installed.\n',
    list,
    section(`Node.js ${node.version}`, licenceText(node.directory)),
    ...licences,
  ].join('\n');
}
