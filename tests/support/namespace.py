"""A scenario's own namespaces, and what they are furnished with: loopback, mounts, files of the machine."""
import ctypes
import fcntl
import os
import pathlib
import shutil
import socket
import struct
import subprocess


def unshare_argv():
    """What a command begins with that is to be PID 1 of namespaces of its own: all that it starts ends with it."""
    argv = ["unshare", "--net", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child", "--mount-proc"]
    return argv if os.geteuid() == 0 else argv + ["--map-root-user"]


def why_no_namespaces():
    """None, or why there can be none here."""
    if not shutil.which("unshare"):
        return "unshare (util-linux) is not installed"
    done = subprocess.run([*unshare_argv(), "true"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=10, check=False)
    return None if done.returncode == 0 else f"no namespaces: {done.stdout.strip() or 'unshare failed'}"


def loopback_up():
    """Also gives it a few addresses by name: named listens only on those that an interface has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sH14x", b"lo", 0x1 | 0x40)  # IFF_UP | IFF_RUNNING
        fcntl.ioctl(sock, 0x8914, request)  # SIOCSIFFLAGS
        for number in range(2, 10):
            address = socket.inet_aton(f"127.0.0.{number}")
            request = struct.pack("16sHH4s8x", b"lo:%d" % number, socket.AF_INET, 0, address)
            fcntl.ioctl(sock, 0x8916, request)  # SIOCSIFADDR


def mount(source, target, kind, flags, data=None):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(os.fsencode(source), os.fsencode(target), kind.encode() if kind else None, flags,
                  data.encode() if data else None) != 0:
        raise OSError(ctypes.get_errno(), f"cannot mount {source} at {target}")


def place_file(path, text, directory):
    """Puts text in the place of a file of the machine, by a bind mount; again: new text."""
    copy = pathlib.Path(directory) / path.strip("/").replace("/", "-")
    is_placed = copy.exists()
    copy.write_text(text)
    if is_placed:
        return
    target = pathlib.Path(os.path.realpath(path))
    if not target.exists():  # a link into /run, which is empty here
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    mount(copy, target, None, 0x1000)  # MS_BIND
