/** The licences of the npm packages that the bundles hold, as the text that is shipped with them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Package {
  name: string;
  version: string;
  license: string;
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

/** One section for each package that one of `files` (as esbuild lists its inputs, relative to `root`) is from. */
export function thirdPartyText(root: string, files: Iterable<string>): string {
  const directories = new Set<string>();
  for (const file of files) {
    const directory = packageDirectory(file);
    if (directory !== undefined) directories.add(directory);
  }
  const sections = [...directories].sort().map((path) => {
    const directory = join(root, path);
    const { name, version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Package;
    return `${'-'.repeat(72)}\n${name} ${version} (${license})\n\n${licenceText(directory).trim()}\n`;
  });
  return `tsemu's bundles contain the following packages.\n\n${sections.join('\n')}`;
}
