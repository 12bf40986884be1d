"""Gets the jars that a lock file names from Maven's cache or Maven Central, and checks their hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from filelock import FileLock

from flows.local.faults import JarsUnavailable
from pipelines.phrases import in_words

if TYPE_CHECKING:
    from jgo.maven import MavenContext

DOWNLOADS_AT_ONCE = 6


@dataclass(frozen=True, slots=True)
class Jar:
    group: str
    artifact: str
    version: str
    sha256: str
    packaging: str = "jar"
    classifier: str = ""

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"


def locked_jars(text: str) -> tuple[Jar, ...]:
    """The jars that a lock file names. Packaging and classifier follow the version, if they are not the usual ones.

    >>> pier, archive = locked_jars("# why\\norg.example:pier:1.2 00ff\\norg.example:app:1.2:tar.gz:all 11ee\\n")
    >>> str(pier), pier.sha256, archive.packaging, archive.classifier
    ('org.example:pier:1.2', '00ff', 'tar.gz', 'all')
    """
    lines = (line.split() for line in text.splitlines() if line.strip() and not line.startswith("#"))
    parts = ((sha256, *coordinates.split(":"), "jar", "") for coordinates, sha256 in lines)
    return tuple(Jar(group, name, version, sha, kind, of) for sha, group, name, version, kind, of, *_ in parts)


@dataclass(frozen=True, slots=True)
class Jars:
    """The jars of a server, which the file ``lock`` in a Python package names."""

    server: str
    lock: str
    megabytes: int
    package: str = "flows.local"


KAFKA = Jars("Kafka", "kafka.jars", 45)
FLINK = Jars("Flink", "flink.jars", 158)


def classpath(jars: Jars, folder: Path, notify: Callable[[str], None]) -> str:
    """The class path of a server. It is stored in ``folder``, so a second start needs no network and checks no hash."""
    lock = files(jars.package).joinpath(jars.lock).read_text("utf-8")
    mark = hashlib.sha256(lock.encode()).hexdigest()[:16]
    remembered = folder / f"classpath-{mark}"
    if remembered.exists():
        paths = remembered.read_text("utf-8").splitlines()
        if paths and all(Path(path).is_file() for path in paths):
            return ":".join(paths)
    notify(f"Downloading {jars.server}'s jars ({jars.megabytes} MB, only once) …")
    paths = [str(path) for path in _fetch(jars, locked_jars(lock))]
    folder.mkdir(parents=True, exist_ok=True)
    remembered.with_suffix(".new").write_text("\n".join(paths), "utf-8")
    remembered.with_suffix(".new").replace(remembered)
    return ":".join(paths)


def _fetch(jars: Jars, locked: tuple[Jar, ...]) -> list[Path]:
    try:
        from jgo.config import GlobalSettings
        from jgo.constants import MAVEN_CENTRAL_URL
        from jgo.maven import MavenContext
    except ImportError as fault:
        raise JarsUnavailable(
            f"The package jgo, which downloads {jars.server}'s jars, is not installed.",
            f'Run `pip install "dateline[local]"`, or name a {jars.server} that runs elsewhere in the settings.',
        ) from fault
    settings = GlobalSettings.load()
    mirror, cache = maven_settings(Path.home() / ".m2" / "settings.xml")
    context = MavenContext(
        repo_cache=cache or settings.repo_cache,
        remote_repos={"central": mirror or MAVEN_CENTRAL_URL, **settings.repositories},
        timeout=30,
    )
    context.repo_cache.mkdir(parents=True, exist_ok=True)
    with FileLock(context.repo_cache / "dateline.lock"), ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
        return list(pool.map(lambda jar: _fetch_one(context, jars, jar), locked))


def maven_settings(path: Path) -> tuple[str | None, Path | None]:
    """The mirror of Maven Central and the local repository in the machine's Maven settings; None if not set."""
    try:
        root = ElementTree.parse(path).getroot()  # noqa: S314  the user's own file
    except (OSError, ElementTree.ParseError):
        return None, None
    mirrors = {
        (mirror.findtext("{*}mirrorOf") or "").strip(): (mirror.findtext("{*}url") or "").strip().rstrip("/")
        for mirror in root.iterfind("{*}mirrors/{*}mirror")
    }
    mirror = next((mirrors[of] for of in ("central", "*", "external:*") if mirrors.get(of)), None)
    local = (root.findtext("{*}localRepository") or "").strip()
    return mirror, Path(local).expanduser() if local and "${" not in local else None


def _fetch_one(context: MavenContext, jars: Jars, jar: Jar) -> Path:
    """The path of the jar. If the file is damaged by a broken download, it is downloaded once more."""
    artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact(jar.classifier, jar.packaging)
    for _ in range(2):
        try:
            path = Path(artifact.resolve())
        except Exception as fault:  # jgo raises RuntimeError, requests' own and OSError alike
            raise JarsUnavailable(
                f"Could not download {jar}, one of {jars.server}'s jars: {in_words(fault)}",
                "Check that Maven Central can be reached. On a machine without network, copy ~/.m2/repository from one "
                "that has started the same servers once, or name a mirror in ~/.m2/settings.xml.",
            ) from fault
        if hashlib.sha256(path.read_bytes()).hexdigest() == jar.sha256:
            return path
        path.unlink()
    raise JarsUnavailable(
        f"{jar} was downloaded twice, and each time its hash was not the one in {jars.lock}.",
        "A proxy or mirror between this machine and Maven Central changes downloads: check them.",
    )
