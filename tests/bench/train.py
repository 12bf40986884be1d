"""Train the model that tells a dump's body lines from its furniture, and write its weights.

    python -m tests.bench.train_dump --corpus folder --out pipelines/clean/tables/dump_lines.json

Needs the bench group and ``torch`` (not otherwise used: install it beside them). Every folder of the corpus with gold
is read; a third of the pages, by a hash of the outlet, is kept aside and measured, unless ``--all`` trains on them too.
Made-up variants stand beside the real dumps: other spacing, pages cropped to a few lines of furniture, clean articles.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import torch
from torch import nn

from pipelines.clean.dump.choose import without_breaks
from pipelines.clean.dump.features import FEATURES, load_words, numbers_of
from pipelines.clean.dump.lines import Lines, lines_of
from pipelines.clean.dump.model import DILATIONS, LIMIT
from tests.bench.corpus import Case, cases_of, dumpers
from tests.quality.scoring import score_bodies

WORD = re.compile(r"\w+")
HIDDEN = 48


@dataclass(frozen=True)
class Example:
    dumper: str
    group: str
    is_aside: bool
    texts: Sequence[str]
    rows: np.ndarray
    truth: np.ndarray
    sizes: np.ndarray
    gold: str
    title: str


def is_aside(case: Case) -> bool:
    host = urlsplit(case.url or "").hostname or case.name
    outlet = case.name.split("-v")[0] if case.group == "metadata" else host.removeprefix("www.")
    return zlib.crc32(outlet.encode()) % 3 == 0


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


def examples_of(cases: Sequence[Case]) -> list[Example]:
    words = load_words()
    made: list[Example] = []
    rng = random.Random(7)

    def add(dumper: str, case: Case, lines: Lines) -> Example | None:
        if not lines.texts:
            return None
        truth, sizes = truth_of(lines.texts, case.body)
        example = Example(
            dumper,
            case.group,
            is_aside(case),
            list(lines.texts),
            numbers_of(lines, words),
            truth,
            sizes,
            case.body,
            str(case.gold.get("title") or ""),
        )
        made.append(example)
        return example

    for case in cases:
        page = case.text
        readings = []
        for name, dump in dumpers().items():
            assert dump is not None, f"{name} is not installed"
            lines = without_breaks(lines_of(dump(page)))
            example = add(name, case, lines)
            if example is not None:
                readings.append((lines, example))
        if not readings:
            continue
        lines, _ = rng.choice(readings)
        add("variant", case, replace(lines, gaps=[min(gap, 1) for gap in lines.gaps], indents=[0] * len(lines.gaps)))
        lines, _ = rng.choice(readings)
        add("variant", case, replace(lines, gaps=[0] * len(lines.gaps), indents=[0] * len(lines.gaps)))
        add("variant", case, dressed(*rng.choice(readings), rng))
        add("variant", case, dressed(*rng.choice(readings), rng))
        paragraphs = [line for line in case.body.split("\n") if line.strip()]
        title = str(case.gold.get("title") or "")
        step = rng.randint(0, 1)
        add("clean", case, lines_of(("\n" * (1 + step)).join([title, *paragraphs])))
    return made


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
    "Ferry dog elected harbour master",
    "Minister denies the umbrella affair",
    "Why the city loves its fog",
    "Ann Example",
    "Ann Example is a reporter in the capital. She writes about trade.",
)


def dressed(lines: Lines, example: Example, rng: random.Random) -> Lines:
    """A page cropped to its body and a few lines around it, between made-up header and trailer lines."""
    inside = np.flatnonzero(example.truth > 0.5)
    low, high = (int(inside[0]), int(inside[-1]) + 1) if len(inside) else (0, len(lines.texts))
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


class Net(nn.Module):
    """The same sums as ``pipelines.clean.dump.model``, trainable."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.enter = nn.Linear(features, HIDDEN)
        self.page = nn.Linear(HIDDEN, HIDDEN)
        self.layers = nn.ModuleList([nn.Conv1d(HIDDEN, HIDDEN, 3, padding=d, dilation=d) for d in DILATIONS])
        self.leave = nn.Linear(2 * HIDDEN, 1)
        self.drop = nn.Dropout(0.2)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        first = torch.relu(self.enter(rows))
        state = (first + torch.tanh(self.page(first.max(1, keepdim=True).values))).transpose(1, 2)
        for layer in self.layers:
            state = state + torch.relu(layer(self.drop(state)))
        return self.leave(torch.cat([state.transpose(1, 2), first], -1)).squeeze(-1)


def train(examples: Sequence[Example], epochs: int, seed: int) -> tuple[Net, np.ndarray, np.ndarray]:
    torch.set_num_threads(1)  # threads that wait for one another are slower than one on a busy machine
    torch.set_flush_denormal(True)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    every = np.concatenate([example.rows for example in examples])
    mean, spread = every.mean(0), every.std(0) + 1e-3
    net = Net(every.shape[1])
    inputs = [torch.tensor(np.clip((e.rows - mean) / spread, -LIMIT, LIMIT)) for e in examples]
    truths = [torch.tensor(e.truth, dtype=torch.float32) for e in examples]
    weights = [torch.tensor((e.sizes + 0.3) / (e.sizes.sum() + 1), dtype=torch.float32) for e in examples]
    batch = 8
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=2e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=epochs * (len(inputs) // batch) + 1)
    for epoch in range(epochs):
        order = rng.permutation(len(inputs))
        order = order[np.argsort([len(inputs[at]) // 200 + rng.random() for at in order])]  # alike lengths pad less
        parts = np.array_split(order, len(inputs) // batch)
        rng.shuffle(parts := list(parts))
        total = 0.0
        for part in parts:
            size = min(600, max(len(inputs[at]) for at in part))
            x, y, w = (
                torch.zeros(len(part), size, every.shape[1]),
                torch.zeros(len(part), size),
                torch.zeros(len(part), size),
            )
            for row, at in enumerate(part):
                start = int(rng.integers(0, len(inputs[at]) - size + 1)) if len(inputs[at]) > size else 0
                used = min(size, len(inputs[at]))
                x[row, :used], y[row, :used], w[row, :used] = (
                    inputs[at][start : start + used],
                    truths[at][start : start + used],
                    weights[at][start : start + used],
                )
            loss = (nn.functional.binary_cross_entropy_with_logits(net(x), y, reduction="none") * w).sum() / len(part)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss)
        print(f"epoch {epoch + 1}: {total / len(parts):.4f}", flush=True)
    return net.eval(), mean, spread


def packed(array: np.ndarray) -> dict[str, object]:
    return {"shape": list(array.shape), "float16": base64.b64encode(array.astype("<f2").tobytes()).decode()}


def export(net: Net, mean: np.ndarray, spread: np.ndarray, out: Path) -> None:
    state = {name: value.detach().numpy() for name, value in net.state_dict().items()}
    # the input's scaling goes into the first layer
    enter = state["enter.weight"].T
    model = {
        "made_by": "python -m tests.bench.train_dump",
        "features": list(FEATURES),
        "mean": packed(mean),
        "spread": packed(spread),
        "enter": packed(enter),
        "enter_bias": packed(state["enter.bias"]),
        "page": packed(state["page.weight"].T),
        "page_bias": packed(state["page.bias"]),
        "layers": [
            packed(np.concatenate([state[f"layers.{n}.weight"][:, :, k].T for k in range(3)]))
            for n in range(len(DILATIONS))
        ],
        "layer_biases": [packed(state[f"layers.{n}.bias"]) for n in range(len(DILATIONS))],
        "leave": packed(state["leave.weight"][0]),
        "leave_bias": packed(state["leave.bias"]),
    }
    out.write_text(json.dumps(model, indent=1) + "\n", "utf-8")


def report(name: str, examples: Sequence[Example], score: object) -> None:
    for dumper in ("beautifulsoup", "html2text", "inscriptis", "html-text", "resiliparse", "variant", "clean"):
        for group in sorted({example.group for example in examples}):
            chosen = [e for e in examples if e.dumper == dumper and e.group == group]
            for bar in (0.5, 0.6):
                result = score_bodies(
                    (e.gold, "\n".join(t for t, p in zip(e.texts, score(e.rows), strict=True) if p > bar))
                    for e in chosen
                )  # type: ignore[operator]
                print(
                    f"{name} {bar} {dumper:14} {group:9} F1 {result.f1:.3f} {result.precision:.3f} {result.recall:.3f}",
                    flush=True,
                )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--corpus", type=Path, required=True)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--all", action="store_true", help="train on the pages kept aside too")
    options.add_argument("--epochs", type=int, default=16)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    cases = [
        case for folder in sorted(chosen.corpus.iterdir()) if folder.is_dir() for case in cases_of(folder) if case.body
    ]
    examples = examples_of(cases)
    used = examples if chosen.all else [example for example in examples if not example.is_aside]
    print(f"{len(cases)} pages, {len(examples)} examples, {len(used)} to train on")
    net, mean, spread = train(used, chosen.epochs, chosen.seed)
    export(net, mean, spread, chosen.out)
    from pipelines.clean.dump.model import read_model

    model = read_model(chosen.out.read_text("utf-8"))
    report("aside" if not chosen.all else "seen", [example for example in examples if example.is_aside], model.chances)


if __name__ == "__main__":
    main()
