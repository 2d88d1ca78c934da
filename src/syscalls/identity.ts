/**
 * User and group IDs, credentials(7). They are the host's; with `-root-id` the
 * guest has IDs of its own that begin as root's, change as the kernel lets them
 * change, and give no rights: who asks the host for something is the user who
 * has started the emulator. What that user owns looks as if root owned it, and
 * chown does everything but change the owner.
 */
import type { Int } from '../host/host.ts';
import { PROCESS } from '../host/layout.ts';
import { fail, hostCall, onReturn, ptr, steadyCall } from './call.ts';
import { type Codec, int, outInts, Pass, pointer, toAddress, toInt32, toUint32, uid } from './codec.ts';
import { EFAULT, EINVAL, ENOMEM, EPERM } from './errno.ts';
import { type Row, type SyscallName, syscall } from './row.ts';
import { outStruct, type Struct } from './struct.ts';
import type { Task } from './task.ts';

/** Cells in the process memory: real, effective, saved and file system ID, of users and then of groups; the groups. */
const USER = 0;
const GROUP = 4;
const [REAL, EFFECTIVE, SAVED, FILES] = [0, 1, 2, 3];
const GROUP_COUNT = 8;
const GROUPS = 9;
const MAX_GROUPS = PROCESS.identitySize / 4 - GROUPS;
/** uid_t and gid_t: no change. */
const UNCHANGED = 0xffff_ffff;

/** The guest's own IDs; undefined if they are the host's. */
function ownIds(task: Task): Uint32Array | undefined {
  if (task.process.options.rootId !== true) return undefined;
  return new Uint32Array(task.host.processMemory.buffer, PROCESS.identity, PROCESS.identitySize / 4);
}

/** Real and effective user and group ID, for the auxiliary vector; undefined if they are the host's. */
export function identityOf(task: Task): readonly number[] | undefined {
  const ids = ownIds(task);
  return ids && [ids[USER + REAL], ids[USER + EFFECTIVE], ids[GROUP + REAL], ids[GROUP + EFFECTIVE]];
}

/** The lines of /proc/PID/status that differ from the host's, without the names. */
export function identityLines(task: Task): Record<string, string> {
  const ids = ownIds(task);
  if (ids === undefined) return {};
  const groups = ids.subarray(GROUPS, GROUPS + ids[GROUP_COUNT]);
  return {
    Uid: ids.subarray(USER, USER + 4).join('\t'),
    Gid: ids.subarray(GROUP, GROUP + 4).join('\t'),
    Groups: [...groups, ''].join(' '),
  };
}

const isRoot = (ids: Uint32Array): boolean => ids[USER + EFFECTIVE] === 0;

const get = (name: SyscallName, cell: number): Row =>
  syscall(name, {}, (task) => ownIds(task)?.[cell] ?? task.host.syscall(name));

/** May an ID become `wanted`: root's any, others' what `allowed` of the four are now. */
const mayBe = (ids: Uint32Array, kind: number, wanted: number, allowed: readonly number[]): boolean =>
  wanted === UNCHANGED || isRoot(ids) || allowed.some((which) => ids[kind + which] === wanted);

/** setuid and setgid. */
function setOne(ids: Uint32Array, kind: number, wanted: number): number {
  if (wanted === UNCHANGED) return -EINVAL;
  if (isRoot(ids)) ids.fill(wanted, kind, kind + 4);
  else if (!mayBe(ids, kind, wanted, [REAL, SAVED])) return -EPERM;
  else ids[kind + EFFECTIVE] = ids[kind + FILES] = wanted;
  return 0;
}

/** setreuid and setregid: the saved ID follows when the real one is set, or the effective one to something else. */
function setTwo(ids: Uint32Array, kind: number, real: number, effective: number): number {
  if (!mayBe(ids, kind, real, [REAL, EFFECTIVE])) return -EPERM;
  if (!mayBe(ids, kind, effective, [REAL, EFFECTIVE, SAVED])) return -EPERM;
  const savedFollows = real !== UNCHANGED || (effective !== UNCHANGED && effective !== ids[kind + REAL]);
  if (real !== UNCHANGED) ids[kind + REAL] = real;
  if (effective !== UNCHANGED) ids[kind + EFFECTIVE] = effective;
  if (savedFollows) ids[kind + SAVED] = ids[kind + EFFECTIVE];
  ids[kind + FILES] = ids[kind + EFFECTIVE];
  return 0;
}

/** setresuid and setresgid. */
function setThree(ids: Uint32Array, kind: number, wanted: readonly number[]): number {
  if (!wanted.every((id) => mayBe(ids, kind, id, [REAL, EFFECTIVE, SAVED]))) return -EPERM;
  wanted.forEach((id, which) => {
    if (id !== UNCHANGED) ids[kind + which] = id;
  });
  ids[kind + FILES] = ids[kind + EFFECTIVE];
  return 0;
}

/** setfsuid and setfsgid, which give what the ID was. */
function setFiles(ids: Uint32Array, kind: number, wanted: number): number {
  const before = ids[kind + FILES];
  if (wanted !== UNCHANGED && mayBe(ids, kind, wanted, [REAL, EFFECTIVE, SAVED, FILES])) ids[kind + FILES] = wanted;
  return before;
}

function getThree(task: Task, name: SyscallName, kind: number, addresses: readonly number[]): Int {
  const ids = ownIds(task);
  if (ids === undefined) return hostCall(task, name, ...addresses.map((address) => ptr(task, address)));
  return addresses.every((address, which) => task.space.writeU32(address, ids[kind + which])) ? 0 : -EFAULT;
}

function getGroups(task: Task, size: number, list: number): Int {
  const ids = ownIds(task);
  if (ids === undefined) return hostCall(task, 'getgroups', size, ptr(task, list));
  const count = ids[GROUP_COUNT];
  if (size === 0) return count;
  if (size < count) return -EINVAL;
  for (let i = 0; i < count; i++) if (!task.space.writeU32(list + 4 * i, ids[GROUPS + i])) return -EFAULT;
  return count;
}

function setGroups(task: Task, size: number, list: number): Int {
  const ids = ownIds(task);
  if (ids === undefined) return hostCall(task, 'setgroups', size, ptr(task, list));
  if (!isRoot(ids)) return -EPERM;
  if (size < 0) return -EINVAL;
  if (size > MAX_GROUPS) return -ENOMEM;
  const data = size === 0 ? new Uint8Array(0) : task.space.read(list, 4 * size);
  if (data === undefined) return -EFAULT;
  ids.set(new Uint32Array(data.slice().buffer), GROUPS);
  ids[GROUP_COUNT] = size;
  return 0;
}

/** Whose files look like root's: the user and group that the host knows. They do not change while a guest has its own. */
let hostIds: readonly Int[] | undefined;

/** A structure that the call fills, with an owner in it: the names of its fields for user and group. */
export const outOwned = (type: Struct, user: string, group: string): Codec<number> => {
  const plain = outStruct(type);
  return {
    ...plain,
    pass: Pass.convert,
    toHost: (task, raw) => {
      const host = plain.toHost?.(task, raw) ?? ptr(task, toAddress(raw));
      if (raw !== 0 && task.process.options.rootId === true) {
        onReturn((result) => {
          if (result >= 0) showOwner(task, toAddress(raw), type, [user, group]);
          return result;
        });
      }
      return host;
    },
  };
};

function showOwner(task: Task, address: number, type: Struct, names: readonly string[]): void {
  hostIds ??= [steadyCall(task, 'geteuid'), steadyCall(task, 'getegid')];
  for (const [i, name] of names.entries()) {
    const at = address + (type.guest.fields.find((field) => field.name === name)?.offset ?? 0);
    if (task.space.readU32(at) === hostIds[i]) task.space.writeU32(at, 0);
  }
}

/** The new owner of chown(2): the host is asked to change none, which is everything but the change itself. */
export const newOwner: Codec<number> = {
  ...uid,
  pass: Pass.convert,
  toHost: (task, raw) => {
    const ids = ownIds(task);
    if (ids === undefined) return raw;
    return isRoot(ids) || toInt32(raw) === -1 ? -1 : fail(EPERM);
  },
};

const three = { ruid: uid, euid: uid, suid: uid };
const outThree = { ruid: outInts(1), euid: outInts(1), suid: outInts(1) };

export const identityRows = (): Row[] => [
  get('getuid', USER + REAL),
  get('geteuid', USER + EFFECTIVE),
  get('getgid', GROUP + REAL),
  get('getegid', GROUP + EFFECTIVE),
  change('setuid', { uid }, USER, (ids, kind, [wanted]) => setOne(ids, kind, wanted)),
  change('setgid', { gid: uid }, GROUP, (ids, kind, [wanted]) => setOne(ids, kind, wanted)),
  change('setreuid', { ruid: uid, euid: uid }, USER, (ids, kind, [real, effective]) =>
    setTwo(ids, kind, real, effective),
  ),
  change('setregid', { rgid: uid, egid: uid }, GROUP, (ids, kind, [real, effective]) =>
    setTwo(ids, kind, real, effective),
  ),
  change('setresuid', three, USER, setThree),
  change('setresgid', three, GROUP, setThree),
  change('setfsuid', { fsuid: uid }, USER, (ids, kind, [wanted]) => setFiles(ids, kind, wanted)),
  change('setfsgid', { fsgid: uid }, GROUP, (ids, kind, [wanted]) => setFiles(ids, kind, wanted)),
  syscall('getresuid', outThree, (task, { ruid, euid, suid }) => getThree(task, 'getresuid', USER, [ruid, euid, suid])),
  syscall('getresgid', outThree, (task, { ruid, euid, suid }) =>
    getThree(task, 'getresgid', GROUP, [ruid, euid, suid]),
  ),
  syscall('getgroups', { size: int, list: pointer }, (task, { size, list }) => getGroups(task, size, list)),
  syscall('setgroups', { size: int, list: pointer }, (task, { size, list }) => setGroups(task, size, list)),
];

/** A row that changes IDs: the host's, or `action` the guest's own. */
function change(
  name: SyscallName,
  args: Record<string, Codec<number>>,
  kind: number,
  action: (ids: Uint32Array, kind: number, wanted: readonly number[]) => number,
): Row {
  return syscall(name, args, (task, values) => {
    const wanted = Object.keys(args).map((argument) => toUint32(values[argument]));
    const ids = ownIds(task);
    return ids === undefined ? hostCall(task, name, ...wanted) : action(ids, kind, wanted);
  });
}
