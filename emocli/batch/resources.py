"""What this process may use of its machine: cores and memory, as the machine has them and as control groups
(of containers, Slurm, systemd; versions 1 and 2) bound them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

#: Where Linux says which control groups a process is in, and where they are mounted.
MEMBERSHIP, MOUNT = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def cores(membership: Path = MEMBERSHIP, mount: Path = MOUNT) -> float:
    """Cores that this process may keep busy."""
    allowed: float = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for group in _groups("cpu", membership, mount):
        quota, period = _number(group / "cpu.cfs_quota_us"), _number(group / "cpu.cfs_period_us")  # version 1
        with suppress(OSError, ValueError):
            quota, period = map(int, (group / "cpu.max").read_text().split())
        if quota and period and quota > 0:
            allowed = min(allowed, quota / period)
    return allowed


def memory(membership: Path = MEMBERSHIP, mount: Path = MOUNT) -> int:
    """Bytes that are free for this process and its children: of the machine, and of every group above
    it.  Cached files count as free."""
    import psutil

    free: int = psutil.virtual_memory().available
    for group in _groups("memory", membership, mount):
        for limit_file, usage_file, cache in (("memory.max", "memory.current", "inactive_file"),
                                              ("memory.limit_in_bytes", "memory.usage_in_bytes",
                                               "total_inactive_file")):
            limit, usage = _number(group / limit_file), _number(group / usage_file)
            if limit is not None and usage is not None:
                free = min(free, limit - usage + _statistic(group / "memory.stat", cache))
    return max(0, free)


def _groups(controller: str, membership: Path, mount: Path) -> Iterator[Path]:
    """The folders of this process's group and of those above it; in a container only some of them can be
    seen."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, controllers, name = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        roots = [mount / controllers, mount / controller] if controllers else [mount, mount / "unified"]
        for root in dict.fromkeys(roots):
            inside = root / name.strip("/")
            yield from (folder for folder in (inside, *inside.parents) if folder.is_relative_to(root))


def _number(file: Path) -> int | None:
    """None where there is none, or no bound ("max")."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def _statistic(file: Path, name: str) -> int:
    with suppress(OSError):
        for line in file.read_text().splitlines():
            if line.startswith(name + " "):
                return int(line.split()[1])
    return 0
