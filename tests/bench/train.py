"""Train the models that tell a body from its boilerplate, and write their weights.

    python -m tests.bench.train pages --corpus folder --out pipelines/clean/tables/page_model.json
    python -m tests.bench.train dumps --corpus folder --out pipelines/clean/tables/dump_model.json

Needs the bench group and ``torch`` (not otherwise used: install it beside them). Every folder of the corpus with gold
is read; a third of the pages, by a hash of the outlet, is kept aside and measured, unless ``--all`` trains on them too.
With ``--folds N`` the pages are read N times instead, each page by a model that has seen no page of its outlet.

Pages give rows of blocks (``pipelines.clean.html.features``), dumps rows of lines (``pipelines.clean.dump.features``).
Made-up variants stand beside the real dumps: other spacing, pages cropped to lines of boilerplate, clean articles,
and, anew each time that the examples are seen, bodies of some pages among the boilerplate of others.
"""

from __future__ import annotations

import argparse
import base64
import html
import json
import random
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import torch
from torch import nn

from pipelines.clean.dump import features as of_dumps
from pipelines.clean.dump.choose import without_breaks
from pipelines.clean.dump.lines import Lines, lines_of
from pipelines.clean.html import features as of_pages
from pipelines.clean.html.blocks import read_blocks
from pipelines.clean.html.body import choose_body
from pipelines.clean.html.declared import declared_body
from pipelines.clean.html.markup import read_markup
from pipelines.clean.metadata.page import read_metadata
from pipelines.clean.model import LIMIT, SequenceModel, read_model
from pipelines.settings import Limits
from tests.bench.corpus import Case, cases_of, dumpers
from tests.quality.scoring import score_bodies

WORD = re.compile(r"\w+")
LONGEST_ROWS = 700
BATCH = 8
MIXES = 2 / 5
"""Mixed dumps for each real one: two for each page, as each is read by five dumpers."""

MOST_INNER = 12
"""Lines of boilerplate in one place between a body's lines that are taken from one page to another."""

LEFT_OUT = 0.1
"""Share of the numbers that a page is shown without, so that no single one decides."""



@dataclass(frozen=True)
class Kind:
    """What a model is made for, and how large it is: units, layers, and times that it sees the examples.

    ``mixes`` makes further examples of those that a model may see.
    """

    features: tuple[str, ...]
    examples: Callable[[Sequence[Case]], Iterator[Example]]
    units: int
    layers: int
    epochs: int
    mixes: Callable[[Sequence[Example], random.Random], Iterator[Example]] = lambda *_: iter(())


@dataclass(frozen=True)
class Example:
    """A page or dump as rows of numbers, and the share of each row's words that are body. ``lines`` are a dump's."""

    form: str
    group: str
    outlet: str
    texts: Sequence[str]
    rows: np.ndarray
    truth: np.ndarray
    sizes: np.ndarray
    gold: str
    title: str
    lines: Lines | None = None

    def fold(self, folds: int) -> int:
        return zlib.crc32(self.outlet.encode()) % folds


def example_of(form: str, case: Case, texts: Sequence[str], rows: np.ndarray) -> Example:
    truth, sizes = truth_of(texts, case.body)
    host = (urlsplit(case.url or "").hostname or case.name).removeprefix("www.")
    outlet = case.name.split("-v")[0] if case.group == "metadata" else host
    title = str(case.gold.get("title") or "")
    return Example(form, case.group, outlet, list(texts), rows, truth, sizes, case.body, title)


def truth_of(texts: Sequence[str], gold: str) -> tuple[np.ndarray, np.ndarray]:
    """Share of each line's words that lie in a 4-word run of the gold, and how many words it has."""
    words = WORD.findall(gold)
    runs = Counter(tuple(words[at : at + 4]) for at in range(max(1, len(words) - 3)))
    tokens: list[str] = []
    owners: list[int] = []
    for number, text in enumerate(texts):
        found = WORD.findall(text)
        tokens += found
        owners += [number] * len(found)
    covered = np.zeros(len(tokens) + 4)
    for at in range(len(tokens) - 3):
        if tuple(tokens[at : at + 4]) in runs:
            covered[at : at + 4] = 1
    sizes = np.bincount(owners, minlength=len(texts)).astype(float)
    hits = np.bincount(owners, weights=covered[: len(owners)], minlength=len(texts))
    return hits / np.maximum(sizes, 1), sizes


def page_examples(cases: Sequence[Case]) -> Iterator[Example]:
    rng = random.Random(5)
    for case in cases:
        yield from read_page("page", case)
        for _ in range(2):
            paragraphs = [line for line in case.body.split("\n") if line.strip()]
            start = rng.randint(0, max(0, len(paragraphs) - 3))
            some = paragraphs[start : start + rng.randint(2, 14)]
            page = small_page(str(case.gold.get("title") or "Pier opens"), some, rng)
            gold = {**case.gold, "main_content": "\n".join(some)}
            yield from read_page("small", replace(case, page=page.encode(), gold=gold))


def read_page(form: str, case: Case) -> Iterator[Example]:
    root = read_markup(case.text, Limits().markup_depth).root
    about, page = read_metadata(root, case.url), read_blocks(root)
    chosen = choose_body(page)
    numbers = of_pages.weighed_blocks(page, chosen)
    if numbers:
        rows = of_pages.numbers_of(page, chosen, numbers, declared_body(about.declared_bodies), about.signs.titles)
        yield example_of(form, case, [page.blocks[number].text for number in numbers], rows)


BOXES = (
    ("cmp-overlay", "We and our {n} partners store and access information on your device, such as cookies, to show "
     "personalised advertising.", "You can change your choices at any time in the privacy settings.", "Accept all"),
    ("cookie-banner", "This site uses cookies to give you the best experience. By continuing you agree to their use.",
     "Learn more in our privacy policy.", "OK"),
    ("newsletter", "Get the day's most important stories in your inbox every morning, free of charge.",
     "By signing up you agree to our terms and to receive messages from us.", "Sign up"),
    ("author-bio", "Ann Example has written about trade and harbours for {n} years and lives near the lighthouse.",
     "She is the author of two books on fog.", "Follow"),
    ("comments", "I have lived here for {n} years and nobody ever asked us what we thought of the pier.",
     "Well said, Tom. The council should be ashamed of itself, honestly.", "Reply"),
    ("related-stories", "The dog that was elected harbour master has given its first interview, and it barked.",
     "Two ministers deny that they ever owned the umbrella that was found.", "Read more"),
    ("paywall", "You have read {n} free articles this month. Subscribe now to read everything that we publish.",
     "Already a subscriber? Log in here to go on reading.", "Subscribe"),
    ("ad", "The new umbrella keeps you dry at any speed of wind, and costs less than you think: order today.",
     "Paid for by Umbrellas United.", "Buy"),
    ("footer-about", "The Example Post is an independent newspaper that has covered the coast since {n}.",
     "No part of this site may be reproduced without written permission of the publisher.", "Contact"),
    ("promo", "Support independent reporting: a gift of any size helps us to keep asking questions.",
     "It takes a minute, and you can stop whenever you want.", "Donate"),
)
"""Boilerplate in whole sentences, with the name that its box may have."""


def box_of(name: str, first: str, second: str, button: str, rng: random.Random) -> str:
    is_named = rng.random() < 0.75
    tag = rng.choice(("div", "div", "section", "aside" if name != "cmp-overlay" else "div"))
    inside = f"<p>{first.format(n=rng.randint(2, 900))}</p>" + (f"<p>{second}</p>" if rng.random() < 0.6 else "")
    named = f' class="{name}"' if is_named else ""
    return f'<{tag}{named}>{inside}<a href="/go">{button}</a></{tag}>'


def small_page(title: str, paragraphs: Sequence[str], rng: random.Random) -> str:
    """A plain page of a few paragraphs, with the boilerplate that small sites have."""
    tag = rng.choice(("p", "p", "p", "p", "div"))
    linked = "".join(f'<li><a href="/a">{text}</a></li>' for text in HEADLINES)
    between = (
        '<div class="ad">Advertisement</div>',
        f'<p>Read more: <a href="/a">{rng.choice(HEADLINES)}</a></p>',
        '<figure><img src="x.jpg"><figcaption>The pier at dusk. Photo: Ann Example</figcaption></figure>',
        f"<aside><h3>Related</h3><ul>{linked}</ul></aside>",
        box_of(*rng.choice(BOXES), rng),
    )
    parts = []
    for number, text in enumerate(map(html.escape, paragraphs)):
        parts.append(text if number and rng.random() < 0.08 else f"<{tag}>{text}</{tag}>")
        if rng.random() < 0.06:
            parts.append(rng.choice(between))
    box = rng.choice(("article", "article", "div", "main", 'div class="story-body"', "section"))
    if rng.random() < 0.15:
        box = "article"
        parts.insert(len(parts) // 2, '</article><div class="advert">Advertisement</div><article>')
    elif rng.random() < 0.15:
        box = 'div class="post type-post hentry category-news"'
    head = f"<h1>{html.escape(title)}</h1>" if rng.random() < 0.9 else ""
    byline = "".join(f"<p>{html.escape(text)}</p>" for text in rng.sample(UNDERLINES, rng.randint(0, 2)))
    links = "".join(f'<a href="/s">{text}</a>' for text in rng.sample(HEADERS, 4))
    before = f"<nav>{links}</nav>" if rng.random() < 0.6 else ""
    after = "".join(f"<p>{html.escape(text)}</p>" for text in rng.sample(TRAILERS, rng.randint(0, 6)))
    after = rng.choice(("<footer>{}</footer>", "<div>{}</div>", "{}")).format(after)
    for boilerplate in rng.sample(BOXES, rng.choice((0, 0, 1, 1, 2, 3))):
        written = box_of(*boilerplate, rng)
        before, after = (before + written, after) if rng.random() < 0.4 else (before, written + after)
    return (
        f"<html><head><title>{html.escape(title)}</title></head><body>{before}<{box}>{head}{byline}"
        + "\n".join(parts)
        + f"</{box.split()[0]}>{after}</body></html>"
    )


def dump_examples(cases: Sequence[Case]) -> Iterator[Example]:
    rng = random.Random(7)

    def read(form: str, case: Case, lines: Lines) -> Example:
        return replace(example_of(form, case, lines.texts, of_dumps.numbers_of(lines)), lines=lines)

    for case in cases:
        page = case.text
        readings = []
        for name, dump in dumpers().items():
            assert dump is not None, f"{name} is not installed"
            lines = without_breaks(lines_of(dump(page)))
            if lines.texts:
                readings.append((lines, example := read(name, case, lines)))
                yield example
        if not readings:
            continue
        lines, _ = rng.choice(readings)
        flat = replace(lines, indents=[0] * len(lines.gaps))
        yield read("variant", case, replace(flat, gaps=[min(gap, 1) for gap in lines.gaps]))
        lines, _ = rng.choice(readings)
        yield read("variant", case, replace(lines, gaps=[0] * len(lines.gaps), indents=[0] * len(lines.gaps)))
        yield read("variant", case, dressed(*rng.choice(readings), rng))
        yield read("variant", case, dressed(*rng.choice(readings), rng))
        paragraphs = [line for line in case.body.split("\n") if line.strip()]
        gap = "\n" * rng.randint(1, 2)
        yield read("clean", case, lines_of(gap.join([str(case.gold.get("title") or "Pier opens"), *paragraphs])))


HEADLINES = ("Ferry dog elected harbour master", "Minister denies the umbrella affair", "Why the city loves its fog")
HEADERS = (
    "Home",
    "World",
    "Business",
    "Opinion",
    "Sports",
    "21.4 C",
    "Weather 27°",
    "Wednesday, August 6, 2025",
    "Menu",
    "Search",
    "E-Paper",
    "Log In",
    "Subscribe",
    "Breaking News",
    "3 March 2026",
)
UNDERLINES = (
    "By Ann Example",
    "Web Desk",
    "Share",
    "Facebook",
    "Twitter",
    "March 3, 2026",
    "Updated: 10:32 AM",
    "2 min read",
    "Staff Reporter",
    "Listen to this story",
    "0",
)
TRAILERS = (
    "Website | + posts",
    "Web Desk",
    "Web Deskhttps://outlet.example/",
    "Trending Now",
    "Latest News",
    "Related News",
    "Share this:",
    "Tags",
    "Comments (0)",
    "Leave a Reply",
    "Subscribe to our newsletter",
    "Enter your email",
    "You may also like",
    "Most Popular",
    "About Us | Contact | Privacy Policy",
    "© 2026 The Outlet. All Rights Reserved.",
    "The Example Post is an online newspaper that covers politics and business since 2009.",
    "Follow us",
    *HEADLINES,
    "Ann Example",
    "Ann Example is a reporter in the capital. She writes about trade.",
)


def dressed(lines: Lines, example: Example, rng: random.Random) -> Lines:
    """A page cropped to its body and a few lines around it, between made-up header and trailer lines."""
    low, high = _body_of(example)
    low, high = max(0, low - rng.randint(0, 4)), min(len(lines.texts), high + rng.choice((0, 0, 0, 3, 8)))
    head = (
        rng.sample(HEADERS, rng.randint(0, 6))
        + [str(example.title)] * rng.randint(0, 1)
        + rng.sample(UNDERLINES, rng.randint(0, 3))
    )
    tail = rng.sample(TRAILERS, rng.randint(0, 9))
    texts = [*head, *lines.texts[low:high], *tail]
    gap = rng.randint(0, 1)
    zeros = [0] * len(texts)
    return replace(
        lines,
        texts=texts,
        gaps=[gap] * len(texts),
        indents=zeros,
        links=[0.0] * len(head) + list(lines.links[low:high]) + [0.0] * len(tail),
        levels=[0] * len(head) + list(lines.levels[low:high]) + [0] * len(tail),
    )


def mixed_dumps(examples: Sequence[Example], rng: random.Random) -> Iterator[Example]:
    """Bodies, whole or a part of them, between what stands before and after the body of another page.

    Both are of one dumper. Between the lines of a body there may be what stands so in a third page.
    """
    forms: dict[str, list[Example]] = {}
    for example in examples:
        if example.form in dumpers() and (example.truth > 0.5).any():
            forms.setdefault(example.form, []).append(example)
    inner = {form: [part for example in group for part in _inner(example)] for form, group in forms.items()}
    names = sorted(forms)
    for _ in range(round(MIXES * sum(map(len, forms.values())))):
        form = rng.choice(names)
        body, around = rng.choice(forms[form]), rng.choice(forms[form])
        low, high = _body_of(body)
        if rng.random() < 0.4 and high - low > 4:
            size = rng.randint(3, high - low)
            low += rng.randint(0, high - low - size)
            high = low + size
        cuts = sorted(rng.sample(range(low + 1, high), min(high - low - 1, rng.choice((0, 0, 1, 1, 2, 3)))))
        before, after = _body_of(around)
        parts = [(around, 0, before)]
        for start, end in zip((low, *cuts), (*cuts, high), strict=True):
            parts += [(body, start, end), *([rng.choice(inner[form])] if end != high and inner[form] else ())]
        yield _joined([*parts, (around, after, len(around.texts))], body)


type Part = tuple[Example, int, int]


def _body_of(example: Example) -> tuple[int, int]:
    """From which line to before which one a body goes; all of the lines where none is body."""
    inside = np.flatnonzero(example.truth > 0.5)
    return (int(inside[0]), int(inside[-1]) + 1) if len(inside) else (0, len(example.texts))


def _inner(example: Example) -> Iterator[Part]:
    """Where boilerplate stands between the lines of a body."""
    low, high = _body_of(example)
    inside = low + np.flatnonzero(example.truth[low:high] > 0.5)
    for before, after in pairwise(inside.tolist()):
        if 1 < after - before <= MOST_INNER + 1:
            yield example, before + 1, after


def _joined(parts: Sequence[Part], body: Example) -> Example:
    def column(name: str) -> list[Any]:
        return [value for example, start, end in parts for value in getattr(example.lines, name)[start:end]]

    assert body.lines is not None
    columns = {name: column(name) for name in ("texts", "gaps", "indents", "links", "levels")}
    lines = Lines(**columns, is_markdown=body.lines.is_markdown)
    truth, sizes = (
        np.concatenate([getattr(example, name)[start:end] for example, start, end in parts])
        for name in ("truth", "sizes")
    )
    rows = of_dumps.numbers_of(lines)
    return replace(body, form="mixed", texts=lines.texts, rows=rows, truth=truth, sizes=sizes, lines=lines)


class Net(nn.Module):
    """The same sums as ``pipelines.clean.model``, trainable. ``mask`` is 0 past the end of a sequence."""

    def __init__(self, features: int, kind: Kind) -> None:
        super().__init__()
        units = kind.units
        self.enter = nn.Linear(features, units)
        self.page = nn.Linear(units, units)
        self.layers = nn.ModuleList(
            [nn.Conv1d(units, units, 3, padding=2**n, dilation=2**n) for n in range(kind.layers)]
        )
        self.leave = nn.Linear(2 * units, 1)
        self.drop = nn.Dropout(0.3)

    def forward(self, rows: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        first = torch.relu(self.enter(rows)) * mask[..., None]
        whole = torch.tanh(self.page(first.max(1, keepdim=True).values))
        state = ((first + whole) * mask[..., None]).transpose(1, 2)
        for layer in self.layers:
            state = (state + torch.relu(layer(self.drop(state)))) * mask[:, None]
        return self.leave(self.drop(torch.cat([state.transpose(1, 2), first], -1))).squeeze(-1)


def train(examples: Sequence[Example], kind: Kind, seed: int) -> str:
    """The weights of a model, as the text of its file."""
    torch.set_num_threads(1)  # threads that wait for one another are slower than one on a busy machine
    torch.set_flush_denormal(True)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    every = np.concatenate([example.rows for example in examples])
    mean, spread = every.mean(0), every.std(0) + 1e-2
    net = Net(every.shape[1], kind)

    def tensors_of(example: Example) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        weight = (example.sizes + 0.3) / (example.sizes[example.truth > 0.5].sum() + 30)
        return (
            torch.tensor(np.clip((example.rows - mean) / spread, -LIMIT, LIMIT)),
            torch.tensor(example.truth, dtype=torch.float32),
            torch.tensor(weight, dtype=torch.float32).clamp(max=0.3),
        )

    mixer = random.Random(seed)
    fixed = [tensors_of(example) for example in examples]
    mixed = [tensors_of(example) for example in kind.mixes(examples, mixer)]
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=3e-2)
    steps = kind.epochs * ((len(fixed) + len(mixed)) // BATCH + 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps + 1)
    for epoch in range(kind.epochs):
        if epoch:
            mixed = [tensors_of(example) for example in kind.mixes(examples, mixer)]
        seen = [*fixed, *mixed]
        inputs = [rows for rows, _, _ in seen]
        order = rng.permutation(len(inputs))
        order = order[np.argsort([len(inputs[at]) // 100 + rng.random() for at in order])]  # alike lengths pad less
        parts = list(np.array_split(order, max(1, len(inputs) // BATCH)))
        rng.shuffle(parts)
        total = 0.0
        for part in parts:
            size = min(LONGEST_ROWS, max(len(inputs[at]) for at in part))
            x = torch.zeros(len(part), size, every.shape[1])
            truth, weight, mask = (torch.zeros(len(part), size) for _ in range(3))
            for row, at in enumerate(part):
                start = int(rng.integers(0, max(1, len(inputs[at]) - size + 1)))
                used = min(size, len(inputs[at]))
                x[row, :used] = inputs[at][start : start + used]
                truth[row, :used] = seen[at][1][start : start + used]
                weight[row, :used] = seen[at][2][start : start + used]
                mask[row, :used] = 1
            x = x * (torch.rand(len(part), 1, x.shape[2]) > LEFT_OUT)
            wrong = nn.functional.binary_cross_entropy_with_logits(net(x, mask), truth, reduction="none")
            loss = (wrong * weight).sum() / len(part)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1}: {total / len(parts):.4f}", flush=True)
    return exported(net, kind, mean, spread)


def packed(array: np.ndarray) -> dict[str, object]:
    return {"shape": list(array.shape), "float16": base64.b64encode(array.astype("<f2").tobytes()).decode()}


def exported(net: Net, kind: Kind, mean: np.ndarray, spread: np.ndarray) -> str:
    state = {name: value.detach().numpy() for name, value in net.state_dict().items()}
    layers = range(kind.layers)
    model = {
        "made_by": "python -m tests.bench.train",
        "features": list(kind.features),
        "mean": packed(mean),
        "spread": packed(spread),
        "enter": packed(state["enter.weight"].T),
        "enter_bias": packed(state["enter.bias"]),
        "page": packed(state["page.weight"].T),
        "page_bias": packed(state["page.bias"]),
        "layers": [
            packed(np.concatenate([state[f"layers.{n}.weight"][:, :, k].T for k in range(3)])) for n in layers
        ],
        "layer_biases": [packed(state[f"layers.{n}.bias"]) for n in layers],
        "leave": packed(state["leave.weight"][0]),
        "leave_bias": packed(state["leave.bias"]),
    }
    return json.dumps(model, indent=1) + "\n"


def report(name: str, read: Sequence[tuple[Example, np.ndarray]]) -> None:
    """Scores of the bodies that chances give, by form and corpus."""
    for form, group in sorted({(example.form, example.group) for example, _ in read}):
        for bar in (0.4, 0.5, 0.6):
            score = score_bodies(
                (example.gold, "\n".join(text for text, p in zip(example.texts, chances, strict=True) if p > bar))
                for example, chances in read
                if (example.form, example.group) == (form, group)
            )
            print(
                f"{name} {form:14} {group:9} over {bar}: F1 {score.f1:.3f} {score.precision:.3f} {score.recall:.3f}",
                flush=True,
            )


def folded(examples: Sequence[Example], kind: Kind, folds: int, seed: int) -> Iterator[tuple[Example, np.ndarray]]:
    for fold in range(folds):
        model = read_model(train([e for e in examples if e.fold(folds) != fold], kind, seed), kind.features)
        yield from ((e, model.chances(e.rows)) for e in examples if e.fold(folds) == fold)


KINDS = {
    "pages": Kind(of_pages.FEATURES, page_examples, units=32, layers=4, epochs=18),
    "dumps": Kind(of_dumps.FEATURES, dump_examples, units=40, layers=7, epochs=10, mixes=mixed_dumps),
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("kind", choices=KINDS)
    options.add_argument("--corpus", type=Path, required=True)
    options.add_argument("--out", type=Path)
    options.add_argument("--all", action="store_true", help="train on the pages kept aside too")
    options.add_argument("--folds", type=int, default=0)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    kind = KINDS[chosen.kind]
    folders = sorted(folder for folder in chosen.corpus.iterdir() if folder.is_dir())
    cases = [case for folder in folders for case in cases_of(folder) if case.body]
    examples = list(kind.examples(cases))
    print(f"{len(cases)} pages, {len(examples)} examples", flush=True)
    if chosen.folds:
        report("aside", list(folded(examples, kind, chosen.folds, chosen.seed)))
        return
    used = examples if chosen.all else [example for example in examples if example.fold(3) != 0]
    text = train(used, kind, chosen.seed)
    model: SequenceModel = read_model(text, kind.features)
    report("seen" if chosen.all else "aside", [(e, model.chances(e.rows)) for e in examples if e.fold(3) == 0])
    if chosen.out:
        chosen.out.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
