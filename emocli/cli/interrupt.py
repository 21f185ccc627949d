"""Ctrl-C that always works: Python's own way first, the hard way a second later.

`KeyboardInterrupt` is lost when it is raised inside a destructor or an import's callback, and waits
as long as native code runs.  A thread that hears of the signal ends the process all the same.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time

from emocli.errors import EXIT_INTERRUPTED

#: Seconds that the orderly way is given.
GRACE = 1.0


def watch() -> None:
    """Listen for SIGINT from now on; call once, from the main thread, before anything large is imported."""
    receiver, sender = socket.socketpair()
    sender.setblocking(False)
    signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_wait, args=(receiver, sender), name="emocli-interrupt", daemon=True).start()


def _wait(receiver: socket.socket, sender: socket.socket) -> None:
    while receiver.recv(1) != bytes([signal.SIGINT]):
        pass
    time.sleep(GRACE)
    leave()


def leave() -> None:
    """End this process and its children at once.  Outputs are written aside and renamed, so that none is left
    half done, and what was begun is removed."""
    for module, clear in (("emocli.child", "kill_all"), ("emocli.storage", "remove_unfinished")):
        if module in sys.modules:  # nothing is imported now: the import lock may be held
            getattr(sys.modules[module], clear, lambda: None)()
    print("emocli: interrupted", file=sys.stderr, flush=True)
    os._exit(EXIT_INTERRUPTED)
