/**
 * Bills of materials, in the JSON format of CycloneDX 1.6: what is in the files
 * of a release. There is no time and no serial number in them, so that they are
 * the same for the same release.
 */
import type { DebianPackage, Package } from './third-party.ts';

interface Component {
  type: 'application' | 'framework' | 'library' | 'platform';
  'bom-ref': string;
  name: string;
  version: string;
  description?: string;
  purl?: string;
  licenses?: readonly ({ license: { id: string } } | { license: { name: string } })[];
  components?: readonly Component[];
}

const npmComponent = ({ name, version, license }: Package): Component => {
  // https://github.com/package-url/purl-spec: the @ of a scope is escaped.
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return { type: 'library', 'bom-ref': purl, name, version, purl, licenses: [{ license: { id: license } }] };
};

const debianComponent = ({ name, version, files }: DebianPackage): Component => {
  const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=amd64`;
  const licenses = [{ license: { name: `see THIRD-PARTY.txt, ${name}` } }];
  return { type: 'library', 'bom-ref': purl, name, version, description: files.join(', '), purl, licenses };
};

/** Of `process.versions`, what names no part: Node itself, and its interfaces. */
const NO_PARTS = ['node', 'modules', 'napi'];

/** Node, with the libraries that are linked into it: `versions` is its process.versions. */
export function nodeComponent(node: Package, versions: Readonly<Record<string, string>>): Component {
  const components = Object.entries(versions)
    .filter(([name, version]) => version !== '' && !NO_PARTS.includes(name))
    .map(([name, version]): Component => ({ type: 'library', 'bom-ref': `node/${name}`, name, version }));
  return { ...npmComponent(node), type: 'platform', components };
}

/** A bill for the file `name` of a release. */
export function billOf(
  subject: Package,
  name: string,
  packages: readonly Package[],
  also: readonly Component[] = [],
  libraries: readonly DebianPackage[] = [],
): string {
  const component = { ...npmComponent(subject), type: 'application', description: name };
  const components = [...packages.map(npmComponent), ...also, ...libraries.map(debianComponent)];
  const bill = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, metadata: { component }, components };
  return `${JSON.stringify(bill, null, 2)}\n`;
}
