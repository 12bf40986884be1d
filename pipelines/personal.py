"""Masks personal data in texts that are shown or kept beside a message, such as e-mail addresses and telephone numbers.

What is masked has a form that news texts, offsets and times do not have by chance: a checksum (bank accounts, payment
cards), a country code or a leading zero with the spacing of a telephone number, or a word such as "phone" before it.
Names are not masked: they are what news is about.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_address

_EMAIL = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}(?:@|%40|&#64;)(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w-])", re.IGNORECASE)
_AUTHORITY = re.compile(r"://[^/\s?#]*$")
"""What is before a match that is the user of a URL, as in ``postgresql://news@db.example/``."""

_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,3})?(?![A-Za-z0-9])")
_CARD = re.compile(
    r"(?<![\w.,-])(?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|6\d{3}|35\d{2})(?:[ -]?\d{4}){3}(?![\w-]|[.,]\d)"
    r"|(?<![\w.,-])3[47]\d{2}[ -]?\d{6}[ -]?\d{5}(?![\w-]|[.,]\d)")
_IPV4 = re.compile(r"(?<![\w.-])\d{1,3}(?:\.\d{1,3}){3}(?![\w-]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])")

_GAP = r"[ \u00a0./-]?"
_INTERNATIONAL = rf"(?:\+|00(?=[1-9]\d[ \u00a0]))[1-9]\d{{0,2}}{_GAP}(?:\(\d{{1,4}}\){_GAP})?\d(?:{_GAP}\d){{5,12}}"
_NO_BYTES = r"(?<!\b[0-9a-f]\d )(?<!\b\d[0-9a-f] )"  # bytes in hexadecimal are pairs of digits too
_WITH_ZERO = (
    r"\(?0\d{2,4}\)?[ \u00a0/-]\d{3,4}[ \u00a0-]\d{3,4}"  # 020 7946 0018, (0161) 496 0018
    r"|\(?0\d{1,4}\)?[ \u00a0/-]\d{5,8}"  # 01632 960018, 030/1234567
    rf"|{_NO_BYTES}0\d(?:[ \u00a0.]\d{{2}}){{4}}(?! (?:[0-9a-f]\d|\d[0-9a-f])\b)"  # 01 23 45 67 89
)
_AMERICAN = r"(?:\(\d{3}\)[ \u00a0]?|\d{3}[.-])\d{3}[.-]\d{4}"
_PHONE = re.compile(rf"(?<![\w.,+/-])(?:{_INTERNATIONAL}|{_WITH_ZERO}|{_AMERICAN})(?![\w/-]|[.,]\d)")
_CALLED = re.compile(
    r"(?i:\b(?:tel(?:ephone)?|phone|mobile|mob|cell(?:phone)?|fax|whatsapp|hotline|telefon|handy|mobil|téléphone|tél|"
    r"teléfono|telefone|telefono|móvil|celular|telefoon)\b(?:\s?(?:no|nr|number|n°)\b)?[.:]{0,2}\s{0,3}(?:on |at )?)"
    r"(\(?\d(?:[ \u00a0()./-]{0,2}\d){5,14})(?!\w)")


def mask_personal(text: str, *, addresses: bool = True) -> str:
    """The text with personal data replaced by its kind. ``addresses`` is whether IP addresses are replaced too.

    >>> mask_personal("Write to ines.falk@harbour.example or call +44 20 7946 0018.")
    'Write to [email] or call [phone].'
    >>> mask_personal("Card 4111 1111 1111 1111, account DE89 3704 0044 0532 0130 00, from 203.0.113.7")
    'Card [card], account [iban], from [ip]'
    >>> mask_personal("On 2026-03-04 they won 21-17 (+1.5 %) before 1,234,567 people, see no. 4111111111111112.")
    'On 2026-03-04 they won 21-17 (+1.5 %) before 1,234,567 people, see no. 4111111111111112.'
    """
    text = _EMAIL.sub(_unless_user, text)
    text = _IBAN.sub(_if("[iban]", _is_iban), text)
    text = _CARD.sub(_if("[card]", _is_card), text)
    text = _CALLED.sub(lambda found: found[0].removesuffix(found[1]) + "[phone]", text)
    text = _PHONE.sub("[phone]", text)
    if addresses:
        text = _IPV6.sub(_if("[ip]", _is_address), text)
        text = _IPV4.sub(_if("[ip]", _is_address), text)
    return text


def _if(mask: str, is_valid: Callable[[str], bool]) -> Callable[[re.Match[str]], str]:
    return lambda found: mask if is_valid(found[0]) else found[0]


def _unless_user(found: re.Match[str]) -> str:
    before = found.string[max(0, found.start() - 200):found.start()]
    return found[0] if _AUTHORITY.search(before) else "[email]"


def _is_iban(text: str) -> bool:
    """Whether the check digits are right (ISO 13616): the rearranged number is 1 modulo 97."""
    plain = text.replace(" ", "")
    return 15 <= len(plain) <= 34 and int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


def _is_card(text: str) -> bool:
    """Whether the check digit is right (Luhn, ISO 7812)."""
    digits = [int(sign) for sign in reversed(text) if sign.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0 and len(set(digits)) > 1


def _is_address(text: str) -> bool:
    """Whether a text is the IP address of another machine. Of IPv6, at least three groups: ``a::b`` is code."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    is_code = address.version == 6 and sum(map(bool, text.split(":"))) < 3
    return not (is_code or address.is_loopback or address.is_unspecified)
