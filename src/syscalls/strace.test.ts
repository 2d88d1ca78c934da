import { describe, expect, test } from 'vitest';
import { createFakeTask, type FakeTask, GUEST } from './fake-task.ts';

const AT_FDCWD = -100;
const A = GUEST.start;
const B = GUEST.start + 0x1000;
const C = GUEST.start + 0x2000;

const view = (t: FakeTask): DataView => new DataView(t.memory.buffer);

describe('-strace writes what strace(1) writes', () => {
  test('paths in quotes, flags by name, the mode only when a file may be made', () => {
    const t = createFakeTask(() => 3);
    t.put(A, '/etc/"pass\twd\x01\0');
    expect(t.trace('openat', AT_FDCWD, A, 0o2000000, 0o644)).toBe(
      'openat(AT_FDCWD, "/etc/\\"pass\\twd\\1", O_RDONLY|O_CLOEXEC) = 3\n',
    );
    expect(t.trace('openat', AT_FDCWD, A, 0o1101, 0o644)).toMatch(/O_WRONLY\|O_CREAT\|O_TRUNC, 0644\) = 3/);
  });

  test('a failure has errno by name and in words, aligned to column 40', () => {
    const t = createFakeTask(() => -2);
    t.put(A, 'x\0');
    expect(t.trace('unlinkat', AT_FDCWD, A, 0)).toBe(
      'unlinkat(AT_FDCWD, "x", 0)              = -1 ENOENT (No such file or directory)\n',
    );
  });

  test('output buffers are shown after the call, as far as they are filled', () => {
    const t = createFakeTask((_name, args, fake) => {
      fake.at(args[1], 5).set([104, 0x69, 10, 0, 0x31]);
      return 5;
    });
    expect(t.trace('read', 0, A, 100)).toBe('read(0, "hi\\n\\0001", 100)               = 5\n');
    expect(t.trace('write', 1, A, 3)).toBe('write(1, "hi\\n", 3)                     = 5\n');
  });

  test('long buffers are cut after 32 bytes', () => {
    const t = createFakeTask(() => 40);
    t.put(A, 'a'.repeat(40));
    expect(t.trace('write', 1, A, 40)).toContain(`write(1, "${'a'.repeat(32)}"..., 40)`);
  });

  test('a pointer that cannot be read is shown as a number', () => {
    const t = createFakeTask(() => -14);
    expect(t.trace('write', 1, 0x10, 3)).toContain('write(1, 0x10, 3) ');
    expect(t.trace('openat', AT_FDCWD, 0, 0)).toContain('openat(AT_FDCWD, NULL, O_RDONLY) ');
  });

  test('struct stat from the host layout, converted', () => {
    const t = createFakeTask((_name, args, fake) => {
      const bytes = fake.at(args[1], 144);
      const host = new DataView(bytes.buffer, bytes.byteOffset, 144);
      host.setUint32(24, 0o100644, true);
      host.setUint32(48, 4321, true);
      return 0;
    });
    expect(t.trace('fstat', 3, A)).toBe('fstat(3, {st_mode=S_IFREG|0644, st_size=4321, ...}) = 0\n');
  });

  test('vectors of buffers', () => {
    const t = createFakeTask(() => 8);
    t.put(A, 'hello');
    view(t).setUint32(B - A, A, true);
    view(t).setUint32(B - A + 8, 5, true);
    view(t).setUint32(B - A + 16, A + 1, true);
    view(t).setUint32(B - A + 24, 3, true);
    expect(t.trace('writev', 1, B, 2)).toBe(
      'writev(1, [{iov_base="hello", iov_len=5}, {iov_base="ell", iov_len=3}], 2) = 8\n',
    );
  });

  test('fcntl shows arguments and results by command', () => {
    const t = createFakeTask((_name, args) => (args[1] === 3 ? 0x8002 : args[1] === 1 ? 1 : 0));
    expect(t.trace('fcntl', 3, 3)).toBe(
      'fcntl(3, F_GETFL)                       = 0x8002 (flags O_RDWR|O_LARGEFILE)\n',
    );
    expect(t.trace('fcntl', 3, 1)).toBe('fcntl(3, F_GETFD)                       = 0x1 (flags FD_CLOEXEC)\n');
    expect(t.trace('fcntl', 3, 2, 1)).toBe('fcntl(3, F_SETFD, FD_CLOEXEC)           = 0\n');
    t.put(A, '\x01\0\0\0');
    expect(t.trace('fcntl', 3, 6, A)).toContain(
      'fcntl(3, F_SETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=0, l_len=0}) = 0',
    );
  });

  test('ppoll shows what is ready and the time left', () => {
    const t = createFakeTask((_name, args, fake) => {
      fake.at(args[0], 8)[6] = 1;
      return 1;
    });
    view(t).setInt32(0, 3, true);
    view(t).setInt16(4, 1, true);
    view(t).setInt32(B - A, 1, true);
    expect(t.trace('ppoll', A, 1, B, 0, 8)).toBe(
      'ppoll([{fd=3, events=POLLIN}], 1, {tv_sec=1, tv_nsec=0}, NULL, 8) = 1 ([{fd=3, revents=POLLIN}], left {tv_sec=1, tv_nsec=0})\n',
    );
    const late = createFakeTask(() => 0);
    expect(late.trace('ppoll', 0, 0, 0, 0, 8)).toBe('ppoll(NULL, 0, NULL, NULL, 8)           = 0 (Timeout)\n');
  });

  test('signal sets, more full than empty ones inverted', () => {
    const t = createFakeTask(() => 4);
    view(t).setBigUint64(0, 0x2_4000_4002n, true);
    expect(t.trace('signalfd4', -1, A, 8, 0)).toContain(
      'signalfd4(-1, [INT TERM RT_31 RT_2], 8, 0)'.replace('RT_31 ', 'SYS '),
    );
    view(t).setBigUint64(0, ~0x40100n, true);
    expect(t.trace('signalfd4', -1, A, 8, 0)).toContain('~[KILL STOP]');
  });

  test('times of utimensat', () => {
    const t = createFakeTask(() => 0);
    t.put(C, 'f\0');
    view(t).setInt32(0, 1, true);
    view(t).setInt32(8, 2, true);
    view(t).setInt32(24, 0x3ffffffe, true);
    expect(t.trace('utimensat', AT_FDCWD, C, A, 0)).toBe(
      'utimensat(AT_FDCWD, "f", [{tv_sec=1, tv_nsec=2} /* 1970-01-01T00:00:01.000000002+0000 */, UTIME_OMIT], 0) = 0\n',
    );
  });

  test('calls without a row, and calls that do not return', () => {
    const t = createFakeTask(() => 0);
    expect(t.trace('999', 1, 2, 3)).toBe(
      'syscall_999(0x1, 0x2, 0x3, 0, 0, 0)     = -1 ENOSYS (Function not implemented)\n',
    );
    expect(t.trace('exit_group', 3).startsWith('exit_group(3)                           = ?\n')).toBe(true);
  });

  test('with several threads, lines are labelled and whole; calls that may wait have two', () => {
    const t = createFakeTask((_name, args, fake) => {
      fake.at(args[1], 1)[0] = 0x78;
      return 1;
    });
    t.label = '[pid 12] ';
    expect(t.trace('read', 3, A, 1)).toBe(
      '[pid 12] read(3,  <unfinished ...>\n[pid 12] <... read resumed>"x", 1)      = 1\n',
    );
    expect(t.trace('close', 3)).toBe('[pid 12] close(3)                       = 1\n');
    expect(t.trace('exit_group', 3)).toMatch(/^\[pid 12\] exit_group\(3\) +?= \?\n/);
  });
});

describe('-strace of sockets and processes', () => {
  test('the type of a socket has its flags', () => {
    const t = createFakeTask(() => 4);
    expect(t.trace('socket', 1, 0x80801, 0)).toContain(
      'socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, 0) = 4',
    );
    expect(t.trace('socket', 2, 2, 17)).toContain('socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP) = 4');
  });

  test('socket addresses by family', () => {
    const t = createFakeTask(() => 0);
    t.put(A, '\x01\0/run/x\0');
    expect(t.trace('connect', 4, A, 110)).toContain('connect(4, {sa_family=AF_UNIX, sun_path="/run/x"}, 110) = 0');
    t.put(A, '\x01\0\0name');
    expect(t.trace('bind', 4, A, 7)).toContain('{sa_family=AF_UNIX, sun_path=@"name"}');
    t.put(A, '\x02\0\x1f\x90\x7f\0\0\x01');
    expect(t.trace('connect', 4, A, 16)).toContain(
      '{sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("127.0.0.1")}, 16) = 0',
    );
    t.put(A, `\x0a\0\0\x50\0\0\0\0\x20\x01\x0d\xb8${'\0'.repeat(11)}\x01\x02\0\0\0`);
    expect(t.trace('connect', 4, A, 28)).toContain(
      '{sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr), sin6_scope_id=2}',
    );
  });

  test('addresses that the call gives, with their length', () => {
    const t = createFakeTask((_name, args, fake) => {
      fake.at(args[1], 2).set([1, 0]);
      fake.at(args[2], 4).set([2, 0, 0, 0]);
      return 5;
    });
    expect(t.trace('accept4', 3, A, B, 0o2000000)).toContain('accept4(3, {sa_family=AF_UNIX}, [2], SOCK_CLOEXEC) = 5');
  });

  test('capabilities by name', () => {
    const t = createFakeTask(() => 1);
    expect(t.trace('prctl', 23, 0x20)).toContain('prctl(PR_CAPBSET_READ, CAP_MAC_OVERRIDE) = 1');
    expect(t.trace('prctl', 23, 0x30)).toContain('prctl(PR_CAPBSET_READ, 0x30 /* CAP_??? */) = 1');
  });
});

describe('-strace of waiting', () => {
  test('the status of a child by the macros of wait(2)', () => {
    const statuses = [0x0300, 9, 0x8b, 0x137f, 0xffff].map((status) => {
      const t = createFakeTask((_name, args, fake) => {
        fake.at(args[1], 4).set([status & 0xff, status >> 8, 0, 0]);
        return 77;
      });
      return /\[.*\]/.exec(t.trace('wait4', -1, A, 0, 0))?.[0];
    });
    expect(statuses).toEqual([
      '[{WIFEXITED(s) && WEXITSTATUS(s) == 3}]',
      '[{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL}]',
      '[{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}]',
      '[{WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP}]',
      '[{WIFCONTINUED(s)}]',
    ]);
  });

  test('options of sockets with their values, requests with the interface that they are about', () => {
    const t = createFakeTask(() => 0);
    view(t).setInt32(0, 1, true);
    view(t).setInt32(4, 30, true);
    expect(t.trace('setsockopt', 3, 6, 1, A, 4)).toContain('setsockopt(3, SOL_TCP, TCP_NODELAY, [1], 4)');
    expect(t.trace('setsockopt', 3, 1, 13, A, 8)).toContain('SO_LINGER, {l_onoff=1, l_linger=30}, 8)');
    expect(t.trace('setsockopt', 3, 1, 64, A, 4)).toContain('SOL_SOCKET, 64, [1], 4)');
    expect(t.trace('setsockopt', 3, 41, 26, A, 4)).toContain('SOL_IPV6, IPV6_V6ONLY, [1], 4)');
    t.put(A, 'eth0\0');
    expect(t.trace('ioctl', 3, 0x8933, A)).toContain('ioctl(3, SIOCGIFINDEX, {ifr_name="eth0", ...})');
  });

  test('futexes with a bit set', () => {
    const t = createFakeTask(() => 0);
    expect(t.trace('futex', A, 0x189, 0, 0, 0x55, -1)).toContain(
      `futex(0x${A.toString(16)}, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 0, NULL, FUTEX_BITSET_MATCH_ANY) = 0`,
    );
    expect(t.trace('futex', A, 0x8a, 1, 0x66, 0x55, 3)).toContain('FUTEX_WAKE_BITSET_PRIVATE, 1, 0x3) = 0');
  });
});
