"""What processes have in common that work for another one: those of the service, and those of population runs."""

from __future__ import annotations

import os
import signal
import threading
from multiprocessing import parent_process


def live_no_longer_than_the_parent() -> None:
    """End with the parent however it ends; until then, let it decide when to stop.

    The engine lets other threads run while it evaluates, so this one is heard in the middle of any query.
    """
    for number in (signal.SIGINT, signal.SIGTERM):  # sent to the whole group by a terminal or a service manager
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_follow, daemon=True).start()


def _follow() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)
