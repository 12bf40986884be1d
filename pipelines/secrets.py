"""Recognises secrets, and masks them in everything that is shown, logged or stored; in logs, personal data as well.

A secret is recognised by its place: the value of a setting with a name like ``sasl_plain_password``, in the credentials
or the query of a URL, or after such a name inside a longer text (``--token=…``, ``password="…"``). The secrets in the
environment and the settings are collected once per process. ``redact`` replaces each of them by ``***``, in all forms
in which it may be written.
"""

from __future__ import annotations

import html
import json
import logging
import re
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TextIO
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from pipelines.personal import mask_personal

MASK = "***"
SHORT = 4  # characters; shorter secrets are masked only as whole words, or most texts would become unreadable

_NAME = (
    r"(?:pass(?:word|wd|phrase|code)?|pwd|secrets?|token|credentials?|(?:api|access|account|private|shared|signing|"
    r"encryption|master)[-_.]?key|encryption[-_.]+keyring|jaas[-_.]?config|oauth(?:bearer)?|auth|authorization|auth[-_.]?string|signature|sig|"
    r"connection[-_.]?(?:string|url)|bearer|cookie)"
)
_NOT_SECRET = re.compile(
    r"(?:_|-|\.|^)(?:file|cafile|certfile|keyfile|path|location|dir|folder|provider|class|mechanism|protocol|type|url|"
    r"endpoint|user|username|timeout|ms|s|seconds|enabled|method|retries|backoff)$",
    re.IGNORECASE,
)
_CREDENTIALS = re.compile(r"([a-z][a-z0-9+.\-]*)://([^\s/?#]*)@", re.IGNORECASE)
_TOKENLESS = frozenset({"postgres", "postgresql"})  # a part alone before the @ is a user, not a token
_UNENCODED = re.compile(r"([a-z][a-z0-9+.\-]*)://([^\s/?#:@]+:\S+)@", re.IGNORECASE)  # such as a password with a slash
_SWITCHES = frozenset({"", "true", "false", "none", "null", "yes", "no", "on", "off", MASK})
_ASSIGNED = re.compile(
    rf"""(?P<name>[\w.\-]*{_NAME}[\w.\-]*)["'\\]*\s*[=:]\s*(?:\\?"(?P<double>(?:[^"\\]|\\.)*)"|\\?'(?P<single>[^']*)'"""
    r"""|(?P<bare>[^\s&;,"'}\])]+))""",
    re.IGNORECASE,
)


def is_secret_name(name: str) -> bool:
    """Whether a value with this name is treated as a secret.

    >>> [is_secret_name(name) for name in ("sasl_plain_password", "ssl.key.password", "apiKey", "DATELINE_X__TOKEN")]
    [True, True, True, True]
    >>> [is_secret_name(name) for name in ("sasl_mechanism", "ssl_keyfile", "author", "password_file", "bypass")]
    [False, False, False, False, False]
    """
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    found = re.search(rf"(?:^|[^A-Za-z0-9]){_NAME}(?:$|[^A-Za-z])", words, re.IGNORECASE)
    run_together = re.search(r"(?:password|passwd|passphrase|secret|apikey|accesskey)", name, re.IGNORECASE)
    return bool(found or run_together) and not _NOT_SECRET.search(words)


def secrets_in(value: object, name: str = "") -> set[str]:
    """All secrets inside a value: settings, the text of an environment variable, or a structure of these.

    >>> sorted(secrets_in({"kafka": {"consumer": {"sasl_plain_password": "marzipan", "fetch_min_bytes": 1}}}))
    ['marzipan']
    >>> sorted(secrets_in('["--temp_location=/tmp/x", "--api_key=4711-abc", "--password", "almonds"]'))
    ['4711-abc', 'almonds']
    >>> sorted(secrets_in("postgresql://news:p%40ss@db/news?sslpassword=nougat"))
    ['nougat', 'p%40ss']
    >>> secrets_in("postgresql://news@db/news"), secrets_in("https://4711-abc@host/x")
    (set(), {'4711-abc'})
    """
    return {secret for secret in _found(value, name) if secret.strip().lower() not in _SWITCHES}


def _found(value: object, name: str) -> Iterator[str]:
    if hasattr(value, "get_secret_value"):
        value, name = value.get_secret_value(), name or "secret"
        yield from _as_text(value)
    if hasattr(value, "model_dump"):
        value = {key: getattr(value, key) for key in type(value).model_fields}  # type: ignore[attr-defined]
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _found(inner, f"{name}.{key}" if is_secret_name(name) else str(key))
    elif isinstance(value, list | tuple | set | frozenset):
        yield from _found_in_list(list(value), name)
    elif is_secret_name(name):
        yield from _as_text(value)
        if isinstance(value, str):
            yield from _found_in_text(value)
    elif isinstance(value, str):
        yield from _found_in_text(value)


def _as_text(value: object) -> Iterator[str]:
    if isinstance(value, bytes):
        yield value.decode("utf-8", "backslashreplace")
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value)


def _found_in_list(values: list[object], name: str) -> Iterator[str]:
    """The secrets in a list's elements, and the values after options with a secret's name: ``["--password", "x"]``."""
    for before, value in zip([None, *values], values, strict=False):
        option = before.startswith("-") and "=" not in before if isinstance(before, str) else False
        yield from _found(value, str(before).lstrip("-") if option and is_secret_name(str(before)) else name)


def _found_in_text(text: str) -> Iterator[str]:
    if text.lstrip()[:1] in ("{", "["):
        try:
            yield from _found(json.loads(text), "")
        except ValueError:
            pass
        else:
            return
    for scheme, credentials in (*_CREDENTIALS.findall(text), *_UNENCODED.findall(text)):
        user, colon, password = credentials.partition(":")
        if colon:
            yield password
        elif scheme.lower() not in _TOKENLESS:
            yield user
    for assigned in _ASSIGNED.finditer(text):
        if is_secret_name(assigned["name"]):
            yield next(part for part in (assigned["double"], assigned["single"], assigned["bare"]) if part is not None)


def forms_of(secret: str) -> set[str]:
    """The forms in which a secret may be written: plain, percent-encoded, in JSON, in HTML, or as a Python literal.

    >>> [form in forms_of("a&b") for form in ("a&b", "a%26b", "a&amp;b")]
    [True, True, True]
    """
    plain = {secret, unquote(secret), unquote_plus(secret), _unescaped(secret)}
    forms = set(plain)
    for text in plain:
        encoded = {quoted(text, safe=safe, errors="replace") for quoted in (quote, quote_plus) for safe in ("", "/")}
        forms |= encoded | {re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), one) for one in encoded}
        forms |= {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
        forms |= {repr(text)[1:-1], repr(text.encode("utf-8", "replace"))[2:-1], ascii(text)[1:-1]}
        forms |= {html.escape(text), html.escape(text, quote=False)}
    forms |= {json.dumps(one)[1:-1] for one in forms} | {one.replace("\\", "\\\\") for one in forms}
    return {form for form in forms if form.strip()}


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:
        return text


class Secrets:
    """The secrets that this process knows. They are only added, never removed."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, secrets: Iterable[str]) -> None:
        new = {secret for secret in secrets if secret.strip()} - self._known
        if not new:
            return
        self._known |= new
        forms = {form: secret for secret in self._known for form in forms_of(secret)}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        parts = [
            re.escape(form) if len(form) >= SHORT else rf"(?<!\w){re.escape(form)}(?!\w)" for form in longest_first
        ]
        self._pattern = re.compile("|".join(parts))

    def known(self) -> tuple[str, ...]:
        return tuple(sorted(self._known))

    def redact(self, text: str) -> str:
        return text if self._pattern is None else self._pattern.sub(MASK, text)


SECRETS = Secrets()
"""The secrets of this process. They are global because logs, screens and servers are written to from everywhere."""


def learn_secrets(*values: object) -> None:
    """Adds the secrets inside these values to those that ``redact`` masks, and has them masked in logs."""
    for value in values:
        SECRETS.add(secrets_in(value))
    _mask_logging()


def learn_environment(environment: Mapping[str, str]) -> None:
    """Adds the secrets in the environment variables that Dateline, Prefect and PostgreSQL's client read."""
    read = ("DATELINE_", "PREFECT_", "PGPASSWORD")  # PGPASSWORD is read by PostgreSQL's client
    learn_secrets({name: value for name, value in environment.items() if name.startswith(read)})


def redact(text: str) -> str:
    """The text with all known secrets masked."""
    return SECRETS.redact(text)


def redact_log(text: str) -> str:
    """The text with all known secrets and personal data masked. The addresses of servers stay."""
    return mask_personal(redact(text), addresses=False)


def redact_all(value: Any, mask: Callable[[str], str] = redact) -> Any:
    """The structure with its texts masked. Other values are unchanged."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {redact_all(key, mask): redact_all(inner, mask) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [redact_all(inner, mask) for inner in value]
    return value


def redact_fault(fault: BaseException) -> BaseException:
    """The fault with secrets and personal data in its texts masked, or a ``RuntimeError`` if that is not possible."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [fault]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        if _shows_secret(one):
            _mask_arguments(one)
        waiting += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]
    shown = _words(fault)
    if redact_log(shown) == shown:
        return fault
    concealed = RuntimeError(f"{type(fault).__name__}: {redact_log(str(fault))}")
    return concealed.with_traceback(fault.__traceback__)


def _words(fault: BaseException) -> str:
    return "\n".join([str(fault), repr(fault), *getattr(fault, "__notes__", ())])


def _shows_secret(fault: BaseException) -> bool:
    return redact_log(_words(fault)) != _words(fault)


def _mask_arguments(fault: BaseException) -> None:
    fault.args = tuple(redact_all(argument, redact_log) for argument in fault.args)
    for name, value in list(vars(fault).items()):
        masked = redact_all(value, redact_log)
        if masked != value:
            setattr(fault, name, masked)
    for name in ("strerror", "filename", "filename2"):
        if isinstance(getattr(fault, name, None), str):
            setattr(fault, name, redact_log(getattr(fault, name)))


_plain_record = logging.getLogRecordFactory()


def _masked_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
    """A log record whose message and traceback are masked before any handler sees them, even one of a library."""
    record = _plain_record(*args, **kwargs)
    try:
        message = record.getMessage()
    except Exception:  # noqa: BLE001  a wrong format of the caller, which logging itself reports later
        return record
    masked = redact_log(message)
    if masked != message:
        record.msg, record.args = masked, None
    if record.exc_info and record.exc_info[1] is not None:
        text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
        if (masked := redact_log(text)) != text:
            record.exc_text, record.exc_info = masked, None
    return record


def _mask_logging() -> None:
    if logging.getLogRecordFactory() is not _masked_record:
        global _plain_record  # noqa: PLW0603  keeps calling the factory of another library
        _plain_record = logging.getLogRecordFactory()
        logging.setLogRecordFactory(_masked_record)


class MaskedStream:
    """A text stream that masks secrets and personal data in what is written to it, before it passes it on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(redact_log(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
