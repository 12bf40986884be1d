"""A folder of the stage: on the local disk, or in any storage that fsspec can open."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq
from fsspec import AbstractFileSystem, filesystem

from pipelines.stage.faults import StagingFailed, disk_faults_named, storage_faults_named

LOCAL = "file"


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder by its URL, such as ``file:///data/stage`` or ``s3://bucket/stage``. It need not exist.

    A file is written atomically: readers see the previous file of its name until the new one is complete. On a local
    disk it is synchronised (fsync) before it is renamed.
    """

    url: str

    @classmethod
    def at(cls, path: Path) -> Folder:
        """The folder at a local path."""
        return cls(f"{LOCAL}://{path.absolute()}")

    def __truediv__(self, name: str) -> Folder:
        return Folder(f"{self.url.rstrip('/')}/{name}")

    def __str__(self) -> str:
        return str(self.path) if self.is_local else self.url

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]

    @property
    def parent(self) -> Folder:
        return Folder(self.url.rpartition("/")[0])

    @property
    def protocol(self) -> str:
        return self.url.partition("://")[0]

    @property
    def is_local(self) -> bool:
        return self.protocol == LOCAL

    @property
    def path(self) -> Path:
        """The path of a local folder."""
        return Path(self.url.partition("://")[2])

    def create(self, name: str) -> NewFile:
        """Starts a file of this name; the caller writes its draft and finishes it."""
        return NewFile(self, name)

    def write(self, name: str, content: bytes) -> None:
        """Stores a file with this content."""
        with self.writing(name) as file:
            file.write(content)

    @contextmanager
    def writing(self, name: str) -> Iterator[IO[bytes]]:
        """Opens a new file for writing. It is stored at the end of the block, and discarded if the block raises."""
        new = self.create(name)
        try:
            with new.draft.open("wb") as file:
                yield file
        except BaseException:
            new.abandon()
            raise
        new.finish()

    def open(self, name: str) -> IO[bytes]:
        """Opens a file for reading. Raises ``FileNotFoundError`` if there is none."""
        if self.is_local:
            return (self.path / name).open("rb")
        with self._faults_named(name):
            opened: IO[bytes] = self._system.open(self._key(name), "rb")
            return opened

    def read(self, name: str) -> bytes:
        """The content of a file. Raises ``FileNotFoundError`` if there is none."""
        with self._faults_named(name):
            content: bytes = self._system.cat_file(self._key(name))
            return content

    def sha256(self, name: str) -> str:
        """The SHA-256 of a file's content, in hexadecimal. Raises ``FileNotFoundError`` if there is none."""
        with self.open(name) as file, self._faults_named(name):
            return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # it has readinto

    def table(self, name: str, columns: Sequence[str] | None = None, schema: pa.Schema | None = None) -> pa.Table:
        """The given columns of a Parquet file (None: all). Columns of ``schema`` that the file lacks are null."""
        with self.open(name) as file, self._faults_named(name):
            return pq.read_table(file, columns=None if columns is None else list(columns), schema=schema)

    def size(self, name: str) -> int:
        """The size of a file in bytes. Raises ``FileNotFoundError`` if there is none."""
        with self._faults_named(name):
            return int(self._system.size(self._key(name)))

    def copy_file(self, name: str, target: Folder, target_name: str) -> None:
        """Stores a file in another folder of the same storage as well. On a local disk the two share their blocks."""
        if not self.is_local:
            with self._faults_named(name):
                self._system.cp_file(self._key(name), target._key(target_name))
            return
        new = target.create(target_name)
        try:
            with disk_faults_named(new.draft):
                try:
                    os.link(self.path / name, new.draft)
                except OSError:  # another disk, or one without links
                    shutil.copyfile(self.path / name, new.draft)
            new.finish()
        finally:
            new.abandon()  # the draft stays where it is a link to the file that it replaces

    def exists(self, name: str) -> bool:
        with self._faults_named(name):
            return bool(self._system.exists(self._key(name)))

    def modified_at(self, name: str) -> datetime:
        """When a file was stored. Raises ``FileNotFoundError`` if there is none."""
        with self._faults_named(name):
            at: datetime = self._system.modified(self._key(name))
            return at

    def files(self) -> list[str]:
        """Names of the files directly in this folder."""
        return self._names("file")

    def folders(self) -> list[Folder]:
        """The folders directly in this folder."""
        return [self / name for name in self._names("directory")]

    def make_empty(self) -> None:
        """Removes the folder's content. A local folder that does not exist is created."""
        self.remove()
        if self.is_local:
            with disk_faults_named(self.path):
                self.path.mkdir(parents=True)

    def remove(self) -> None:
        """Removes the folder and its content, if it exists."""
        if self.is_local:
            shutil.rmtree(self.path, ignore_errors=True)
            return
        with self._faults_named(""):
            if self._system.exists(self._key("")):
                self._system.rm(self._key(""), recursive=True)

    def remove_if_empty(self) -> None:
        """Removes a local folder that has no content. Object storage has no empty folders."""
        if self.is_local:
            with suppress(OSError):
                self.path.rmdir()

    def remove_file(self, name: str) -> None:
        """Removes a file, if it exists."""
        if self.is_local:
            with disk_faults_named(self.path / name):
                (self.path / name).unlink(missing_ok=True)
            return
        with self._faults_named(name):
            if self._system.exists(self._key(name)):
                self._system.rm_file(self._key(name))

    def upload(self, draft: Path, name: str) -> None:
        """Uploads a local file to this remote folder, under the name."""
        try:
            with self._faults_named(name):
                self._system.put_file(str(draft), self._key(name))
        except FileNotFoundError as fault:
            raise StagingFailed(
                f"There is no bucket or folder to store {self.url}/{name} in ({fault}). Nothing was loaded or lost.\n"
                "What to do: create the bucket that DATELINE_STAGE names, or name another one."
            ) from fault

    def _names(self, kind: str) -> list[str]:
        with self._faults_named(""):
            try:
                found: list[dict[str, Any]] = self._system.ls(self._key(""), detail=True)
            except (FileNotFoundError, NotADirectoryError):
                return []
        return sorted(each["name"].rstrip("/").rpartition("/")[2] for each in found if each["type"] == kind)

    @property
    def _system(self) -> AbstractFileSystem:
        """The filesystem, which fsspec caches. Listings are not cached, so that files of other processes are seen."""
        return filesystem(self.protocol, use_listings_cache=False)

    def _key(self, name: str) -> str:
        key: str = self._system._strip_protocol(f"{self.url}/{name}" if name else self.url)
        return key

    @contextmanager
    def _faults_named(self, name: str) -> Iterator[None]:
        with nullcontext() if self.is_local else storage_faults_named(f"{self.url}/{name}"):
            yield


class NewFile:
    """A file that is being written as ``draft``, and that gets its name when it is finished.

    The draft of a local file is in the same folder; the draft of a remote file is a local temporary file.
    """

    def __init__(self, folder: Folder, name: str) -> None:
        self.folder, self.name = folder, name
        self.target = folder.path / name if folder.is_local else None
        if self.target is not None:
            self.draft = self.target.with_name(f"{self.target.name}.{uuid.uuid4().hex[:8]}.unfinished")
            with disk_faults_named(self.target):
                self.target.parent.mkdir(parents=True, exist_ok=True)
        else:
            descriptor, draft = tempfile.mkstemp(prefix="dateline-", suffix=".unfinished")
            os.close(descriptor)
            self.draft = Path(draft)

    def finish(self) -> None:
        """Stores the complete draft under the file's name, and replaces an earlier file of that name."""
        if self.target is None:
            try:
                self.folder.upload(self.draft, self.name)
            finally:
                self.draft.unlink(missing_ok=True)
            return
        with disk_faults_named(self.target):
            _sync(self.draft)
            self.draft.replace(self.target)
            _sync(self.target.parent)

    def abandon(self) -> None:
        """Removes the draft. An earlier file of the same name is kept."""
        self.draft.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Flushes a file or folder to the disk (fsync)."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
