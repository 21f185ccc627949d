"""What a machine bears, as its control groups have it."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from emocli.batch import resources

MB = 1 << 20


def groups(folder: Path, membership: str, **files: str) -> tuple[Path, Path]:
    (folder / "cgroup").write_text(membership)
    for name, content in files.items():
        file = folder / "mount" / name.replace("__", "/").replace("_DOT_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return folder / "cgroup", folder / "mount"


@pytest.mark.parametrize(
    ("membership", "files", "cores", "memory"),
    [
        # version 2: the bound of a group above counts, and cached files are free
        (
            "0::/slurm/job1/step\n",
            {
                "slurm__job1__memory_DOT_max": f"{900 * MB}\n",
                "slurm__job1__memory_DOT_current": f"{500 * MB}\n",
                "slurm__job1__memory_DOT_stat": f"anon 1\ninactive_file {100 * MB}\n",
                "slurm__job1__step__memory_DOT_max": "max\n",
                "slurm__job1__step__memory_DOT_current": f"{500 * MB}\n",
                "slurm__job1__cpu_DOT_max": "50000 100000\n",
                "slurm__cpu_DOT_max": "max 100000\n",
            },
            0.5,
            500 * MB,
        ),
        # version 1, in a container that sees its own group as the root
        (
            "4:memory:/docker/abc\n5:cpu,cpuacct:/docker/abc\n",
            {
                "memory__memory_DOT_limit_in_bytes": f"{300 * MB}\n",
                "memory__memory_DOT_usage_in_bytes": f"{100 * MB}\n",
                "memory__memory_DOT_stat": "cache 5\ntotal_inactive_file 0\n",
                "cpu,cpuacct__cpu_DOT_cfs_quota_us": "25000\n",
                "cpu,cpuacct__cpu_DOT_cfs_period_us": "100000\n",
            },
            0.25,
            200 * MB,
        ),
        # nothing left
        (
            "0::/\n",
            {"memory_DOT_max": "5\n", "memory_DOT_current": "9\n", "cpu_DOT_max": "10000 100000"},
            0.1,
            0,
        ),
    ],
)
def test_groups_bound_what_the_machine_has(
    tmp_path: Path, membership: str, files: dict[str, str], cores: float, memory: int
) -> None:
    where = groups(tmp_path, membership, **files)
    assert resources.cores(*where) == cores
    assert resources.memory(*where) == memory


def test_no_groups(tmp_path: Path) -> None:
    where = groups(tmp_path, "1:name=systemd:/\n4:memory:/\n", memory__memory_DOT_limit_in_bytes=f"{1 << 62}",
                   memory__memory_DOT_usage_in_bytes="5", cpu__cpu_DOT_cfs_quota_us="-1",
                   cpu__cpu_DOT_cfs_period_us="100000")
    assert resources.cores(*where) == resources.cores(tmp_path / "none") >= 1
    assert resources.memory(*where) > psutil.virtual_memory().available / 2
