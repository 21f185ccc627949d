"""Workers on this machine: processes that each keep the models loaded, and how many of them there should be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict
from typing import Any

from emocli.batch.base import MEMORY, THREADS, Worker


def suited(jobs: int) -> int:
    """How many workers this machine's cores and free memory bear, at least one."""
    import psutil

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(jobs, cores // THREADS, psutil.virtual_memory().available // MEMORY))


class ChildWorker(Worker):
    """A child process, spoken to in lines of JSON."""

    def start(self) -> None:
        """Begin to load the models."""
        self._log = tempfile.TemporaryFile(prefix="emocli-")
        self._child = subprocess.Popen([sys.executable, "-m", "emocli.batch.worker"], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=self._log, text=True, encoding="utf-8",
                                       env=os.environ | {"PYTHONUNBUFFERED": "1"})
        self.send({"options": asdict(self.options), "writing": asdict(self.writing)})
        threading.Thread(target=self._listen, daemon=True).start()

    def kill(self) -> None:
        """End the child, whatever it is doing; its face process follows."""
        self._child.kill()

    def last_words(self) -> str:
        """How a child that has ended did so."""
        code = self._child.wait()
        self._log.seek(0)
        said = self._log.read().decode(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        return f"the worker {how} ({said[0][:200]})"

    def close(self) -> None:
        """End the child and let go of its pipes."""
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._log):
            try:
                if pipe:
                    pipe.close()
            except BrokenPipeError:
                pass

    def send(self, job: dict[str, Any]) -> None:
        """Hand a line over."""
        assert self._child.stdin
        try:
            self._child.stdin.write(json.dumps(job) + "\n")
            self._child.stdin.flush()
        except BrokenPipeError:
            pass  # its end is heard in its own time

    def _listen(self) -> None:
        assert self._child.stdout
        with self._child.stdout as said:
            for line in said:
                self.heard.put((self, json.loads(line)))
        self.heard.put((self, None))
