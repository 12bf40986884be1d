"""Runs scripts in processes that are forked from one that has loaded the warehouses: most of a start is imports."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Self

FORKS = """
import json, os, sys, traceback
import pipelines.warehouse.duckdb, pipelines.warehouse.iceberg, pipelines.warehouse.postgres
for line in sys.stdin:
    script, arguments = json.loads(line)
    pid = os.fork()
    if not pid:
        sys.argv[1:] = arguments
        try:
            exec(script, {"__name__": "__main__"})
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


class Forking:
    """The process that scripts are forked from, one after another. A context manager: it ends with the block."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", FORKS], text=True, cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, script: str, *arguments: str) -> int:
        """The exit code of the script, or minus the signal that ended it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([script, arguments]), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())
