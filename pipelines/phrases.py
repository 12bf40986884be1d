"""Writes counts and exceptions of other libraries in words, in the same way for all messages and screens."""

from __future__ import annotations


def counted(count: int, one: str, several: str | None = None) -> str:
    """A count with its noun in singular or plural. ``several`` is the plural if it is not ``one`` with an s.

    >>> counted(1, "record"), counted(12_000, "record"), counted(0, "batch", "batches")
    ('1 record', '12,000 records', '0 batches')
    """
    return f"{count:,} {one if count == 1 else several or f'{one}s'}"


def in_words(fault: BaseException) -> str:
    """An exception's class and message. The class is not repeated if the message already begins with it.

    >>> in_words(ValueError("no offset")), in_words(RuntimeError("RuntimeError: away")), in_words(KeyError())
    ('ValueError: no offset', 'RuntimeError: away', 'KeyError')
    """
    name, text = type(fault).__name__, str(fault).strip()
    return text if text == name or text.startswith(f"{name}: ") else f"{name}: {text}".removesuffix(": ")
