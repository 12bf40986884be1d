"""Copies of an article as an agency's customers edit it, and articles that look alike without being copies.

All words that are put in are made up here; the texts edited are the corpus's.
"""

# ruff: noqa: E501  sentences of the templates are kept whole

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

type Paragraphs = list[str]
type Edit = Callable[[Random, Paragraphs], Paragraphs]

COMBINATIONS = 4
SINGLES = 4
BRIEF_WORDS = 60  # an outlet that takes the top alone takes at least a brief's worth
BRIEF_LETTERS = 200

_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s*(?=\S)")
_SPELLINGS = (
    ("color", "colour"), ("favor", "favour"), ("labor", "labour"), ("honor", "honour"), ("center", "centre"),
    ("organiz", "organis"), ("realiz", "realis"), ("recogniz", "recognis"), ("analyz", "analys"), ("defense", "defence"),
    ("traveling", "travelling"), ("program ", "programme "), ("gray", "grey"), ("percent", "per cent"),
    ("toward ", "towards "), ("while ", "whilst "), ("tons ", "tonnes "), ("%", " per cent"),
)
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_SAID = re.compile(r"\b(said|says) ((?:[A-Z][\w'’.-]+ ?){1,3})")
_SAYS = re.compile(r"\b((?:[A-Z][\w'’.-]+ ){1,2})(said|says)\b")

_BLURBS = (
    "This story was supplied by the Harbour News Agency and has not been edited by the staff of this paper. "
    "Readers who find a mistake may write to the desk at Marrowby, which answers every letter within the week.",
    "Thank you for reading. The Vale Courier is kept alive by its members: for the price of a loaf a month you "
    "receive the evening letter, the crossword and a seat at our yearly meeting. Join today and bring a friend.",
    "Copyright Northbank Wire. No part of this report may be stored, sung, printed or sent on without the written "
    "leave of the company. Sign up for alerts, follow us wherever you like, and tell us what we have missed.",
    "More on this: what we know so far. Watch our film. Listen to the hour. See all pictures of the week.",
)
_PLACES = (
    "Marrowby", "Port Ansel", "Vale End", "Northbank", "Great Tolling", "Sorrel Bay", "Quarrington", "Low Hesket",
    "Dunmere", "Ashgill", "Penholt", "Carrow", "Wexley", "Old Stanner", "Brackwater", "Imber Cross",
)
_WHO = (
    "the mayor", "a teacher", "two ferrymen", "the union", "a baker", "the coroner", "farmers", "the minister", "a juror",
    "the regatta club", "nurses", "the library", "a grocer", "the chapel choir", "the bus company", "a surveyor",
    "pensioners", "the school board", "anglers", "a notary", "the brewery", "shopkeepers", "the hospital", "a pilot",
)
_DID = (
    "rejected", "praised", "counted", "delayed", "paid for", "inspected", "forgot", "auctioned", "repainted", "defended",
    "measured", "closed", "welcomed", "audited", "mended", "promised", "questioned", "sold", "borrowed", "renamed",
    "opened", "guarded", "mocked", "surveyed",
)
_WHAT = (
    "the footbridge", "a new timetable", "the grain store", "forty lanterns", "the budget", "a disputed will", "the well",
    "three tramcars", "the orchard lease", "a weather mast", "the fire engine", "the quarry road", "an old mill",
    "the winter fair", "a ledger", "the signal box", "a row of elms", "the tide tables", "the night shelter", "a chimney",
    "the swimming bath", "a petition", "the market clock", "the toll",
)
_WHEN = (
    "before the frost", "after long debate", "at the spring session", "without a vote", "despite the rain", "last autumn",
    "for the second time", "in an open letter", "to general surprise", "as the council met", "on a busy Saturday",
    "while the ferry waited", "by a narrow margin", "under the old charter", "in spite of warnings", "with some relief",
)


@dataclass(frozen=True, slots=True)
class Text:
    """An article: the story that it truly is of, and the edits that made it."""

    name: str
    story: str
    edits: tuple[str, ...]
    title: str
    body: str


def copies_of(name: str, body: str) -> list[Text]:
    """The original and eight copies: four by one edit, four by two to four; kinds take turns from name to name."""
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n|\n(?=\S)", body) if part.strip()]
    dice = Random(zlib.crc32(name.encode()))
    kinds = list(EDITS)
    dice.shuffle(kinds)
    chosen = [(kind,) for kind in kinds[:SINGLES]]
    while len(chosen) < SINGLES + COMBINATIONS:
        several = tuple(dice.sample(kinds, dice.randint(2, 4)))
        if sum(kind in TRIMS for kind in several) < 2:
            chosen.append(tuple(sorted(several, key=list(EDITS).index)))
    texts = [Text(f"{name}: original", name, ("original",), paragraphs[0][:60], "\n\n".join(paragraphs))]
    for edits in chosen:
        edited = list(paragraphs)
        for kind in edits:
            edited = EDITS[kind](dice, edited)
        title = f"{dice.choice(_PLACES)}: {dice.choice(_WHAT)} {dice.choice(_WHEN)}"
        texts.append(Text(f"{name}: {' + '.join(edits)}", name, edits, title, "\n\n".join(edited)))
    return texts


def sentence(dice: Random) -> str:
    who, did, what, when = (dice.choice(words) for words in (_WHO, _DID, _WHAT, _WHEN))
    more = f", and {dice.choice(_WHO)} of {dice.choice(_PLACES)} {dice.choice(_DID)} {dice.choice(_WHAT)}"
    text = f"{who} {did} {what} {when}{more if dice.random() < 0.5 else ''}."
    return text[0].upper() + text[1:]


def paragraph(dice: Random, sentences: int = 3) -> str:
    return " ".join(sentence(dice) for _ in range(sentences))


def look_alikes(dice: Random, count: int) -> list[Text]:
    """Articles of ``count`` outlets and places that share boilerplate, background or form, each a story of its own."""
    background = [paragraph(dice, 5) for _ in range(2)]
    made: list[tuple[str, str]] = []
    for n in range(count):
        made += [(f"{kind} {n}", body) for kind, body in _look_alikes_of(dice, background)]
    return [Text(f"own/{name}", f"own/{name}", (), paragraph(dice, 1), body) for name, body in made]


def _look_alikes_of(dice: Random, background: Paragraphs) -> list[tuple[str, str]]:
    def news(paragraphs: int) -> Paragraphs:
        return [paragraph(dice, dice.randint(1, 3)) for _ in range(paragraphs)]

    return [
        ("short with blurbs", "\n\n".join([*news(3), *_BLURBS[:2]])),
        ("blurb first", "\n\n".join([_BLURBS[0], *news(dice.randint(3, 12))])),
        ("same background", "\n\n".join([*news(dice.randint(3, 8)), *background])),
        ("background second", "\n\n".join([*news(1), background[0], *news(dice.randint(4, 9))])),
        ("live blog", _live_blog(dice)),
        ("weather", _weather(dice)),
        ("market", _market(dice)),
        ("match", _match(dice)),
    ]


def _live_blog(dice: Random) -> str:
    entries = [f"{hour}:{dice.randint(10, 59)} {paragraph(dice, 2)}" for hour in range(18, 18 - dice.randint(3, 8), -1)]
    head = (
        "Welcome to our live coverage. This page updates by itself: there is no need to reload it. Our reporters are on the "
        "spot and will bring you the news as it comes in. You can write to us at the desk, and we read every message.",
        "Key points",
    )
    tail = "That is all from us for today. Our coverage ends here, and we will be back tomorrow morning. Thank you for reading."
    return "\n\n".join([*head, *entries, tail])


def _weather(dice: Random) -> str:
    d = [dice.randint(1, 39) for _ in range(12)]
    sky = [dice.choice(("cloudy", "bright", "wet", "misty", "windy", "dry", "cold", "mild")) for _ in range(4)]
    return (
        f"{dice.choice(_PLACES)} will be {sky[0]} on Monday, with a high of {d[0]} degrees and a low of {d[1]}. Winds will "
        f"blow at up to {d[2]} kilometres an hour.\n\nOn Tuesday it turns {sky[1]}, with {d[3]} millimetres of rain in "
        f"{dice.choice(_PLACES)} and {d[4]} in the hills. The night stays {sky[2]} with a low of {d[5]} degrees.\n\nThe outlook "
        f"for the rest of the week is {sky[3]}: highs between {d[6]} and {d[7]} degrees, lows between {d[8]} and {d[9]}. The sea "
        f"is {d[10]} degrees warm at {dice.choice(_PLACES)}. The sun sets at 18:{d[11] + 10}."
    )


def _market(dice: Random) -> str:
    d = [f"{dice.randint(0, 9)}.{dice.randint(0, 9)}" for _ in range(8)]
    n = [dice.randint(1000, 9000) for _ in range(4)]
    moves = [dice.choice(("rose", "fell")) for _ in range(5)]
    firms = dice.sample(_PLACES, 4)
    return (
        f"Shares {moves[0]} {d[0]} per cent to {n[0]} points on the Northbank exchange. Gilts {moves[1]}, and the crown "
        f"{moves[2]} {d[1]} per cent against the thaler.\n\nAmong the winners were {firms[0]} Mills, up {d[2]} per cent, and "
        f"{firms[1]} Line, which gained {d[3]} per cent after it reported a profit of {n[1]} million crowns. {firms[2]} Bank "
        f"lost {d[4]} per cent.\n\nOil {moves[3]} {d[5]} per cent to {d[6]} crowns a barrel, gold {moves[4]} to {n[2]} crowns an "
        f"ounce. Trading was {dice.choice(('brisk', 'thin'))}, at {n[3]} million shares."
    )


def _match(dice: Random) -> str:
    home, away = dice.sample(_PLACES, 2)
    scorers = [f"{dice.choice('ABCDEFGHJKLM')}. {dice.choice(_PLACES)[:5]}son" for _ in range(4)]
    m = [dice.randint(2, 89) for _ in range(5)]
    return (
        f"{home} beat {away} {m[0] % 5 + 1} to {m[1] % 2} on Saturday in front of {m[2] * 91} people. {scorers[0]} scored in the "
        f"{m[2]}th minute after a pass by {scorers[1]}.\n\n{away} pressed, and {scorers[2]} hit the bar in the {m[3]}th minute. "
        f"The second half was {dice.choice(('slow', 'open', 'rough'))}, and {scorers[3]} was sent off after {m[4]} minutes.\n\n"
        f"\"We had luck,\" said the trainer of {home}. {away} play at {dice.choice(_PLACES)} next week, {home} are at home to "
        f"{dice.choice(_PLACES)}."
    )


def _kept(paragraphs: Paragraphs, count: int) -> Paragraphs:
    """The first ones: at least ``count``, and more until a brief is full."""
    words = letters = 0
    for at, text in enumerate(paragraphs):
        if at >= count and words >= BRIEF_WORDS and letters >= BRIEF_LETTERS:
            return paragraphs[:at]
        words, letters = words + (len(text.split()) if " " in text else len(text) // 2), letters + len(text)
    return paragraphs


def _trimmed_to(share: float) -> Edit:
    return lambda dice, paragraphs: _kept(paragraphs, max(1, round(share * len(paragraphs))))


def _top_alone(dice: Random, paragraphs: Paragraphs) -> Paragraphs:
    return _kept(paragraphs, dice.randint(3, 5))


def _dateline(dice: Random, paragraphs: Paragraphs) -> Paragraphs:
    first = re.sub(r"^[A-Z][\w .,()/]{2,40} (?:[-–—]|\(\w+\):) ", "", paragraphs[0])
    if first != paragraphs[0]:
        return [first, *paragraphs[1:]]
    return [f"{dice.choice(_PLACES).upper()} (HNA) - {paragraphs[0]}", *paragraphs[1:]]


def _first_rewritten(dice: Random, paragraphs: Paragraphs) -> Paragraphs:
    words = paragraphs[0].split()
    runs = [words[at : at + 3] for at in range(0, len(words), 4)]
    if len(runs) > 2:
        runs = [*runs[len(runs) // 2 :], ["officials", "said", "as"], *runs[: len(runs) // 2]]
    return [" ".join(["It", "emerged", "that", *(word for run in runs for word in run)]), *paragraphs[1:]]


def _local_at(share: float) -> Edit:
    def edit(dice: Random, paragraphs: Paragraphs) -> Paragraphs:
        at = round(share * len(paragraphs))
        return [*paragraphs[:at], paragraph(dice, dice.randint(2, 4)), *paragraphs[at:]]

    return edit


def _house_style(dice: Random, paragraphs: Paragraphs) -> Paragraphs:
    is_british = dice.random() < 0.5
    is_curly, is_turned = dice.random() < 0.5, dice.random() < 0.5
    edited = "\n\n".join(paragraphs)
    for american, british in _SPELLINGS:
        edited = edited.replace(american, british) if is_british else edited.replace(british, american)
    edited = edited.replace("'", "’") if is_curly else edited.translate(str.maketrans("“”‘’", "\"\"''"))
    edited = re.sub(r"\b(\d|10)\b(?![.,:/-]\d)", lambda m: _NUMBERS[int(m[1])], edited)
    edited = _SAID.sub(lambda m: f"{m[2].strip()} {m[1]} ", edited)
    edited = _SAYS.sub(lambda m: f"{m[2]} {m[1].strip()}", edited) if is_turned else edited
    return edited.split("\n\n")


def _merged_or_split(dice: Random, paragraphs: Paragraphs) -> Paragraphs:
    if dice.random() < 0.5:
        return [" ".join(paragraphs[at : at + 2]) for at in range(0, len(paragraphs), 2)]
    return [part for text in paragraphs for part in _SENTENCE_END.split(text) if part]


def _sentence_cut(dice: Random, paragraphs: Paragraphs) -> Paragraphs:
    edited = []
    for text in paragraphs:
        sentences = [part for part in _SENTENCE_END.split(text) if part]
        if len(sentences) > 1:
            sentences.pop(dice.randrange(len(sentences)))
        edited.append(" ".join(sentences))
    return edited


def _blurb_appended(dice: Random, paragraphs: Paragraphs) -> Paragraphs:
    return [*paragraphs, dice.choice(_BLURBS)]


EDITS: dict[str, Edit] = {
    "trimmed to 80%": _trimmed_to(0.8),
    "trimmed to 50%": _trimmed_to(0.5),
    "trimmed to 35%": _trimmed_to(0.35),
    "top alone": _top_alone,
    "sentences cut": _sentence_cut,
    "house style": _house_style,
    "first rewritten": _first_rewritten,
    "dateline": _dateline,
    "local first": _local_at(0),
    "local inside": _local_at(0.5),
    "local last": _local_at(1),
    "merged or split": _merged_or_split,
    "blurb": _blurb_appended,
    "title alone": lambda dice, paragraphs: paragraphs,
}
TRIMS = ("trimmed to 80%", "trimmed to 50%", "trimmed to 35%", "top alone")
