"""Computes the processor: Dateline's version, and a fingerprint of everything that determines a reading.

The fingerprint covers the code of the steps (without comments and docstrings), their tables and models, the libraries
that they import, the limits, the policies for rights, the newest contract and the row expectations. Records with the
same processor were made by the same rules, and a change of any rule changes the processor.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from types import CodeType

import pipelines
from pipelines.enrich import load_models
from pipelines.settings import Settings
from pipelines.transforms.shared import shared
from pipelines.validate import load_suite
from schemas import latest, load

STEPS = ("decode", "clean", "enrich", "validate", "records.py")
MADE_BEFOREHAND = "build.py"
"""Scripts that generate a table. They are not fingerprinted, since only the table affects a reading."""
CODE, NOT_DATA = ".py", (".pyc", ".pyi", ".typed", ".md")
IMPORT = re.compile(r"^[ \t]*(?:from|import)[ \t]+(\w+)", re.MULTILINE)


class EnvironmentDiffers(RuntimeError):
    """A worker has another Dateline, other models or other libraries than the run, and would make other articles."""


def same_processor(settings: Settings, wanted: str | None) -> str:
    """The processor of this process. Raises ``EnvironmentDiffers`` if it is not the ``wanted`` one of the run."""
    here = processor_of(settings)
    if wanted not in {None, here}:
        raise EnvironmentDiffers(
            f"a worker at {sys.prefix} with Python {sys.version.partition(' ')[0]} has the processor {here}, and the "
            f"run has {wanted}: install the same Dateline, models and libraries on the workers as in the run"
        )
    return here


def processor_of(settings: Settings) -> str:
    """The processor of records made with these settings, such as ``dateline 0.1.0+1a2b3c4d5e6f``."""
    own = settings.limits.model_dump_json() + settings.rights.model_dump_json()
    return shared(partial(_processor, own, settings.models))


def _processor(own: str, models: tuple[str, ...]) -> str:
    parts = [
        own,
        shared(partial(steps_fingerprint, Path(pipelines.__path__[0]))),
        shared(partial(load_models, models)).fingerprint,
        json.dumps(load("article", latest("article")), sort_keys=True),
        repr(shared(partial(load_suite, "article"))),
    ]
    return f"dateline {version('dateline')}+{hashlib.sha256('\x1f'.join(parts).encode()).hexdigest()[:12]}"


def steps_fingerprint(folder: Path, version_of: Callable[[str], str] = version) -> str:
    """Hash of the steps under ``folder``: their code, their data files, and the versions of their libraries."""
    digest = hashlib.sha256()
    libraries: set[str] = set()
    for path in _files(folder):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        content = path.read_bytes()
        if path.suffix == CODE:
            libraries.update(_imported(content.decode()))
            content = repr(_decides(_compiled(content))).encode()
        digest.update(hashlib.sha256(content).digest())
    packages = sorted({name for library in libraries for name in _distributions(library)})
    digest.update(" ".join(f"{name}={version_of(name)}" for name in packages).encode())
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    for step in STEPS:
        found = (folder / step).rglob("*") if (folder / step).is_dir() else [folder / step]
        for path in sorted(found):
            if path.is_file() and path.suffix not in NOT_DATA and path.name != MADE_BEFOREHAND:
                yield path


def _imported(source: str) -> set[str]:
    """Top-level names of the third-party libraries that a module imports.

    >>> sorted(_imported("import re\\nimport numpy as np\\nfrom lxml import etree\\nimport pipelines\\n"))
    ['lxml', 'numpy']
    """
    return set(IMPORT.findall(source)) - sys.stdlib_module_names - {"pipelines", "schemas"}


def _distributions(library: str) -> Iterator[str]:
    """Names of the installed distributions that provide a library; usually the library's own name."""
    try:
        version(library)
    except PackageNotFoundError:
        yield from packages_distributions().get(library, ())
    else:
        yield library


def _compiled(source: bytes | str) -> CodeType:
    """The compiled code of a module without its docstrings."""
    tree = ast.parse(source)
    blocks: list[ast.AST] = [tree]
    while blocks:
        block = blocks.pop()
        if isinstance(block, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            block.body = [statement for statement in block.body if not _is_docstring(statement)] or [_nothing(block)]
        blocks += [child for child in getattr(block, "body", ()) or () if isinstance(child, ast.stmt)]
    return compile(tree, "", "exec", dont_inherit=True)


def _nothing(block: ast.AST) -> ast.stmt:
    """The body of a block that consists of a docstring only. It has the position of the block, which it must have."""
    return ast.Pass(lineno=getattr(block, "lineno", 1), col_offset=getattr(block, "col_offset", 0))


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _decides(code: CodeType) -> tuple[object, ...]:
    """The parts of compiled code that determine its behaviour, without line numbers.

    >>> one, other = _compiled("BAR = 2  # why"), _compiled("'Says why.'\\n\\nBAR = 2")
    >>> _decides(one) == _decides(other), _decides(one) == _decides(_compiled("BAR = 3"))
    (True, False)
    """
    constants = tuple(_decides(c) if isinstance(c, CodeType) else _in_order(c) for c in code.co_consts)
    return code.co_name, code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars


def _in_order(constant: object) -> object:
    return sorted(map(repr, constant)) if isinstance(constant, frozenset) else constant
