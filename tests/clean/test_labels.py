"""Labels of a page (ages, counters, sections) are no part of a body; short texts of the article's own are."""

from __future__ import annotations

import pytest

from pipelines.clean.html.blocks import read_blocks
from pipelines.clean.html.labels import without_labels
from pipelines.clean.html.markup import read_markup

ONE, TWO, THREE = (
    f"The {thing} of Marrowby was opened again on Tuesday, and nobody asked what it had cost."
    for thing in ("east pier", "ferry hall", "fish market")
)


def left(*parts: str) -> list[str]:
    """The short texts that stay in a body that is made of these parts, in one box."""
    page = read_blocks(read_markup(f"<body><article>{''.join(parts)}</article></body>", 200).root)
    kept = without_labels(page, range(len(page.blocks)))
    return [page.blocks[number].text for number in kept if not page.blocks[number].text.endswith("cost.")]


def around(part: str) -> tuple[str, ...]:
    return f"<p>{ONE}</p>", part, f"<p>{TWO}</p>", f"<p>{THREE}</p>"


LABELS = {
    "an age right inside of the article": "<span>23 minutes ago</span>",
    "a time element": "<time>vor 23 Minuten</time>",
    "a counter in a box": "<div class='x7'><span>7 yorum</span></div>",
    "a counter in a paragraph in a box": "<div class='x7'><p>43 отзыва</p></div>",
    "a paragraph of its own class": "<p class='x7'>3 min de lecture</p>",
    "a script without spaces": "<div>3分钟前</div>",
    "before a crosshead": "<div>1506 reactions</div><h2>What comes next</h2>",
}


@pytest.mark.parametrize("part", LABELS.values(), ids=LABELS)
def test_a_label_between_sentences_is_left_out(part: str) -> None:
    assert [text for text in left(*around(part)) if text != "What comes next"] == []


@pytest.mark.parametrize("part", ["<div>Wirtschaft</div>", "<span>Economía</span>", "<p class='x7'>2 min</p>"])
def test_a_label_before_or_after_all_sentences_is_left_out(part: str) -> None:
    assert left(part, f"<p>{ONE}</p>", f"<p>{TWO}</p>") == left(f"<p>{ONE}</p>", f"<p>{TWO}</p>", part) == []


OF_THE_ARTICLE = {
    "a crosshead": ["<h2>Winter of 1962</h2>"],
    "a crosshead without a digit in a box": ["<div>What comes next</div>"],
    "a paragraph of a numbered class": ["<p class='p1'>It was 5 to 3</p>", f"<p class='p2'>{THREE}</p>"],
    "a paragraph like the others": ["<p>It was 5 to 3</p>"],
    "a short paragraph of dialogue": ["<div>“At 5,” he said</div>"],
    "the rest of a sentence after it": ["<div>On 5 May</div>", "<div>and again in June</div>"],
    "a caption": ["<figure><div>The pier in 1962</div></figure>"],
    "an item": ["<ul><li><p>4 boats</p></li></ul>"],
    "a value and its name": ["<div class='k'>Boats</div>", "<div class='v'>412</div>"],
    "a script without stops": ["<div>ราคา 90 ล้านบาท</div>"],
    "a text as long as a standfirst": ["<div>Five people were hurt as the ferry hit the pier of 1962</div>"],
}


@pytest.mark.parametrize("parts", OF_THE_ARTICLE.values(), ids=OF_THE_ARTICLE)
def test_a_short_text_of_the_article_is_kept(parts: list[str]) -> None:
    whole = "".join(parts)
    shown = [block.text for block in read_blocks(read_markup(f"<body>{whole}</body>", 200).root).blocks]
    assert left(*around(whole)) == [text for text in shown if text != THREE]


def test_times_of_a_live_blog_are_kept() -> None:
    texts = enumerate((ONE, TWO))
    entries = [f"<div class='entry' id='e{n}'><time>1{n}:30</time><p>{text}</p></div>" for n, text in texts]
    assert left(*entries) == ["10:30", "11:30"]


def test_verses_and_lists_are_kept() -> None:
    lines = ["The sea came in at 5", "and left", "at 9"]
    boxes = [f"<div class='{name}'>{line}</div>" for name, line in zip(("verse", "refrain", "end"), lines, strict=True)]
    assert left(*boxes, f"<p>{ONE}</p>") == lines
