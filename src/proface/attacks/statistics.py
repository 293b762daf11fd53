"""What carries the face, is it noise? Tests of randomness, and a classifier of two originals."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from proface.attacks.findings import Finding, Table, Verdict, figure
from proface.attacks.intervals import Interval, wilson
from proface.attacks.material import SIDE
from proface.attacks.races import Exam, Tell
from proface.attacks.randomness import Bits, p_values
from proface.attacks.victims import Model, Planted, Victim
from proface.evaluation.methods import FlowMethod, method
from proface.keys import keystream
from proface.latents import seek_words, strips
from proface.obfuscators import obfuscate
from proface.runtime import Flow, load_flow

Pixels = npt.NDArray[np.uint8]

SURELY = 0.55  # right more often than this is no chance
LEAST_P = 0.001  # of the smallest p-value times their number, below which a stream is no noise
LOOK = "blur:15"
PART = 96  # pixels of the middle that the classifier sees
STEPS = 60


def examine(model: str, test: Exam, minutes: float, tell: Tell) -> Finding:
    """Exam the stream and train the classifier.

    Args:
        minutes: of the run; longer ones take more streams and more pictures.
    """
    streams = int(np.clip(minutes * 16, 16, 256))
    each = int(np.clip(minutes * 40, 40, 400))
    way = method(model)
    figures: dict[str, Any] = {}
    rows, failed, control_failed = [], [], False
    if isinstance(way, FlowMethod) and way.flow.kind == "padded":
        flow = way.flow
        originals = [r.pixels for r in test.regions]
        sources: dict[str, Callable[[Pixels], Bits]] = {
            "as carried": lambda x: carried(flow, x, os.urandom(32)),
            "keystream": lambda x: _bits(keystream(os.urandom(32), flow.words(SIDE, SIDE))),
            "without a pad (control)": lambda x: carried(flow, x, None),
        }
        for name, source in sources.items():
            found = p_values([source(originals[i % len(originals)]) for i in range(streams)])
            figures[name] = found
            rows += [(name, test_name, f"{p:.3g}") for test_name, p in found.items()]
            if min(found.values()) * len(found) < LEAST_P:
                control_failed |= "control" in name
                failed += [] if "control" in name else [name]
            tell(f"statistics of the words {name}: smallest p {min(found.values()):.3g}")
    accuracies = {}
    control = Planted(load_flow("padded"))
    victims: list[Victim] = [Model(way, open_it=False), control]
    for victim in victims:
        accuracies[victim.name] = distinguish(victim, test, each)
        tell(f"classifier, {victim.name}: {figure(accuracies[victim.name])}")
    figures["accuracy"] = {name: [round(v, 4) for v in i] for name, i in accuracies.items()}
    own, other = accuracies[way.name], accuracies[control.name]
    verdict: Verdict = "no leak"
    because = f"The classifier is right {figure(own)} of the time, chance is 0.50."
    if failed:
        verdict, because = "leak", f"Not noise: {', '.join(failed)}. {because}"
    elif own.low > SURELY:
        verdict = "leak"
    elif own.low > 0.5 or other.low <= 0.5 or (rows and not control_failed):
        verdict, because = (
            "inconclusive",
            f"A control was not told apart, or chance is not ruled out. {because}",
        )
    tables = [
        Table(
            f"Classifier: {each} pictures of each to learn, {each} to test",
            ("pictures", "right"),
            [(n, figure(i)) for n, i in accuracies.items()],
        )
    ]
    if rows:
        tables.insert(0, Table(f"p-values over {streams} streams", ("words", "test", "p"), rows))
    return Finding(
        "statistics",
        "Do the words that a picture carries pass tests of randomness, and can a classifier tell "
        "protected pictures of two originals with the same look apart?",
        verdict,
        because,
        tables,
        figures,
    )


def carried(flow: Flow, x: Pixels, key: bytes | None) -> Bits:
    """The bits that a picture carries; without a key under a pad of zeros."""
    count = flow.words(*x.shape[:2])
    pad = np.zeros(count, np.uint16) if key is None else keystream(key, count)
    words = seek_words(flow.hide(x, x, pad))
    used = [words[row, :, : strip.words] for row, strip in enumerate(strips(*x.shape[:2]))]
    return _bits(np.concatenate([part.ravel() for part in used]))


def _bits(words: npt.NDArray[np.uint16]) -> Bits:
    return np.unpackbits(words.astype(">u2").view(np.uint8))


def distinguish(victim: Victim, test: Exam, each: int) -> Interval:
    """How often a classifier is right, on fresh pictures, which of two originals one hides."""
    torch.manual_seed(0)
    first, second = test.regions[0], test.regions[-1]
    middle = slice((SIDE - PART) // 2, (SIDE + PART) // 2)
    o = obfuscate(first.pixels, LOOK, [first.face])
    names, shown = [], []
    for number in range(4 * each):
        names.append(number % 2)
        picture = victim.show((first, second)[number % 2].pixels, o)
        shown.append(picture[middle, middle].astype(np.float32) - o[middle, middle])
    seen = torch.from_numpy(np.stack(shown)).permute(0, 3, 1, 2).clamp(-8, 8)
    wanted = torch.tensor(names, dtype=torch.float32)
    known, asked = seen[: 2 * each], seen[2 * each :]
    # Place by place, and by texture wherever it is: two networks whose outputs add up.
    linear = nn.Linear(3 * PART * PART, 1)
    nn.init.zeros_(linear.weight)
    places = nn.Sequential(nn.Flatten(), linear)
    texture = nn.Sequential(
        nn.Conv2d(3, 24, 4, stride=2), nn.ReLU(), nn.Conv2d(24, 32, 4, stride=4), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 1),
    )  # fmt: skip
    nets = nn.ModuleList((places, texture))
    optimizer = torch.optim.AdamW(nets.parameters(), 1e-3, weight_decay=0.1)
    for _ in range(STEPS):
        chosen = torch.randint(len(known), (32,))
        found = sum(net(known[chosen])[:, 0] for net in nets)
        assert isinstance(found, torch.Tensor)
        loss = nn.functional.binary_cross_entropy_with_logits(found, wanted[chosen])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    with torch.inference_mode():
        guessed = torch.cat(
            [sum(net(part)[:, 0] for net in nets) > 0 for part in torch.split(asked, 64)]
        )
    right = int((guessed == (wanted[2 * each :] > 0.5)).sum())
    return wilson(right, len(asked))
