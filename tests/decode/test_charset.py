from __future__ import annotations

import codecs

import pytest

from pipelines.decode.charset import decode_text
from pipelines.failures import UndecodableText

FRENCH = (
    "Le conseil du port de Marrowby a voté mardi la reconstruction de la jetée. « C'est une décision très attendue », "
    "a déclaré la conseillère Inès Falk. Les pêcheurs l'espéraient depuis la tempête, à l'hiver passé."
)
RUSSIAN = (
    "Совет порта Марроуби во вторник проголосовал за восстановление пирса. Работы начнутся в мае, сообщила советник "
    "Инес Фальк. Рыбаки ждали этого решения со времени бури."
)
GREEK = "Το συμβούλιο του λιμανιού ψήφισε την Τρίτη την ανακατασκευή της προβλήτας, είπε η σύμβουλος Ινές Φαλκ."
JAPANESE = (
    "マローヴィー港評議会は火曜日、東埠頭の再建を可決した。"
    "漁師たちは嵐のあとこの決定を待っていた。工事は五月に始まる。"
)
CHINESE = (
    "马罗比港口委员会周二投票决定重建东码头。工程将于五月开始，"
    "费用为四百万克朗。渔民自风暴以来一直在等待这一决定。"
)
KOREAN = (
    "마로비 항만 위원회는 화요일 동쪽 부두를 재건하기로 의결했다. "
    "공사는 오월에 시작된다고 이네스 팔크 위원이 말했다."
)
POLISH = (
    "Rada portu w Marrowby zagłosowała we wtorek za odbudową mola. "
    "Prace rozpoczną się w maju, powiedziała radna Inés Fałk."
)
TURKISH = (
    "Marrowby liman meclisi salı günü doğu iskelesinin yeniden yapılmasına karar verdi; "
    "çalışmalar mayısta başlayacak."
)


def page(text: str, meta: str | None = None) -> str:
    head = f'<meta charset="{meta}">' if meta else ""
    return f"<html><head>{head}<title>Pier</title></head><body><p>{text}</p></body></html>"


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        (FRENCH, "windows-1252"), (FRENCH, "iso-8859-1"), (FRENCH, "utf-8"), (RUSSIAN, "windows-1251"),
        (RUSSIAN, "koi8-r"), (RUSSIAN, "iso-8859-5"), (GREEK, "windows-1253"), (GREEK, "iso-8859-7"),
        (JAPANESE, "shift_jis"), (JAPANESE, "euc-jp"),
        (JAPANESE, "iso-2022-jp"), (CHINESE, "gb2312"), (CHINESE, "gbk"), (KOREAN, "euc-kr"), (POLISH, "iso-8859-2"),
        (POLISH, "windows-1250"), (TURKISH, "iso-8859-9"), (TURKISH, "windows-1254"),
    ],
)
@pytest.mark.parametrize("where", ["transport", "meta"])
def test_a_declared_charset_that_fits_is_believed(text: str, charset: str, where: str) -> None:
    markup = page(text, charset if where == "meta" else None)
    decoded = decode_text(markup.encode(charset), charset if where == "transport" else None, markup=True)
    assert decoded.text == markup
    assert decoded.how == where
    assert decoded.warnings == ()


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        (FRENCH, "windows-1252"), (RUSSIAN, "windows-1251"), (RUSSIAN, "koi8-r"), (GREEK, "windows-1253"),
        (JAPANESE, "shift_jis"), (JAPANESE, "euc-jp"), (CHINESE, "gb18030"), (KOREAN, "euc-kr"),
    ],
)
@pytest.mark.parametrize("wrong", [None, "utf-8", "iso-8859-1", "windows-1252", "no-such-charset"])
def test_an_undeclared_or_wrongly_declared_charset_is_detected(text: str, charset: str, wrong: str | None) -> None:
    markup = page(text, wrong)
    assert decode_text(markup.encode(charset), None, markup=True).text == markup


@pytest.mark.parametrize("text", [FRENCH, RUSSIAN, JAPANESE, POLISH])
@pytest.mark.parametrize(
    "wrong", ["windows-1252", "iso-8859-1", "windows-1251", "iso-8859-15", "shift_jis", "gbk", "utf-16"]
)
@pytest.mark.parametrize("where", ["transport", "meta"])
def test_utf_8_is_utf_8_whatever_was_declared(text: str, wrong: str, where: str) -> None:
    markup = page(text, wrong if where == "meta" else None)
    decoded = decode_text(markup.encode(), wrong if where == "transport" else None, markup=True)
    assert decoded.text == markup
    assert decoded.charset == "utf-8"


def test_a_disagreement_is_recorded() -> None:
    decoded = decode_text(page(FRENCH, "utf-8").encode("windows-1252"), "iso-8859-1", markup=True)
    assert decoded.charset == "cp1252"
    assert decoded.how == "transport"
    assert decoded.declared == (("transport", "cp1252"), ("meta", "utf-8"))
    assert decoded.warnings == ("charset: meta says utf-8; the bytes are cp1252",)


def test_transport_that_does_not_fit_gives_way_to_meta() -> None:
    """Servers that add iso-8859-1 to every page are many."""
    markup = page(RUSSIAN, "windows-1251")
    decoded = decode_text(markup.encode("windows-1251"), "iso-8859-1", markup=True)
    assert decoded.text == markup
    assert decoded.how == "meta"
    assert decoded.warnings == ("charset: transport says cp1252; the bytes are cp1251",)


@pytest.mark.parametrize(
    ("mark", "charset"),
    [(codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")],
)
def test_a_byte_order_mark_decides_and_is_no_text(mark: bytes, charset: str) -> None:
    markup = page(FRENCH, "iso-8859-1")
    decoded = decode_text(mark + markup.encode(charset), "windows-1251", markup=True)
    assert decoded.text == markup
    assert decoded.how == "bom"


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("declared", [None, "utf-16"])
def test_utf_16_without_a_mark_is_reported_by_its_zeros(charset: str, declared: str | None) -> None:
    markup = page(FRENCH)
    assert decode_text(markup.encode(charset), declared, markup=True).text == markup


def test_a_page_cut_within_a_character_loses_that_character_alone() -> None:
    decoded = decode_text(page(FRENCH).encode()[:-18] + "é".encode()[:1], "utf-8", markup=True)
    assert decoded.text == page(FRENCH)[:-18]
    assert decoded.warnings == ("charset: UTF-8 with 1 stray bytes, which were read as windows-1252",)


@pytest.mark.parametrize("declared", ["utf-8", None, "windows-1252", "windows-1251", "shift_jis"])
def test_a_stray_byte_in_utf_8_is_read_as_windows_1252(declared: str | None) -> None:
    decoded = decode_text(page(FRENCH + " caf|").encode().replace(b"caf|", b"caf\xe9"), declared, markup=True)
    assert decoded.text == page(FRENCH + " café")
    assert "\ufffd" not in decoded.text


def test_ascii_has_no_disagreement() -> None:
    decoded = decode_text(b"<p>Pier</p>", "iso-8859-1", markup=True)
    assert decoded.text == "<p>Pier</p>"
    assert decoded.warnings == ()


def test_text_has_no_meta() -> None:
    decoded = decode_text(b'<meta charset="koi8-r"> caf\xe9', "windows-1252", markup=False)
    assert decoded.declared == (("transport", "cp1252"),)


def test_bytes_that_nothing_fits_are_rejected() -> None:
    with pytest.raises(UndecodableText) as rejected:
        decode_text(bytes(range(0x80, 0x100)) * 3 + b"\x81\x8d\xff\xfe" * 40, "utf-8", markup=True)
    assert rejected.value.violations[0].value == "transport utf-8"
