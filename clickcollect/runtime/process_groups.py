"""Children that never outlive their parent, on systems that can promise it (Linux)."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress

PR_SET_PDEATHSIG = 1


def die_with_parent(signum: signal.Signals) -> Callable[[], None] | None:
    """What a child runs before its program, so that it gets this signal when its parent is gone, even by kill -9.

    The kernel means the *thread* that started the child: start children from the main thread.
    """
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def before_exec() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signum)
        if os.getppid() != parent:  # it died in between: the signal will never come
            os._exit(1)

    return before_exec


def stop_group(process: subprocess.Popen[bytes], *, signum: signal.Signals, seconds: float) -> None:
    """Ask a child to end; after `seconds` end it, and whatever it left in its process group."""
    with suppress(ProcessLookupError):
        process.send_signal(signum)
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    end_group(process)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a child that leads its own process group: nothing keeps a port after its master."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
