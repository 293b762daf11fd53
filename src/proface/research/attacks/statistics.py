"""Is the embedded payload random? Tests of randomness, and a distinguisher of two originals."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from proface.keys import keystream
from proface.looks import obfuscate
from proface.models.robust import Robust
from proface.research.attacks.attack_targets import (
    AttackTarget,
    FreshKeys,
    PlantedLeak,
    embedded_words,
)
from proface.research.attacks.attacker_training import EvaluationSet, Say
from proface.research.attacks.confidence import Interval, wilson
from proface.research.attacks.face_sets import SIDE
from proface.research.attacks.findings import Finding, Table, Verdict, with_interval
from proface.research.attacks.randomness_tests import Bits, p_values, to_bits
from proface.research.attacks.saved_pictures import attacked, control_flow, is_robust
from proface.research.evaluation.methods import FlowMethod
from proface.types import Pixels

DISTINGUISHED = 0.55  # accuracy whose lower bound above this is a leak
LEAST_P = 0.001  # smallest p-value times their number (Bonferroni) below which a stream fails
LOOK = "blur:15"
OPEN = "What is open to all, over 16 faces, black and white under fresh keys"
PART = 96  # pixels of the central square that the classifier sees
STEPS = 60


def run_statistics(model: str, test: EvaluationSet, minutes: float, say: Say) -> Finding:
    """Test the embedded words for randomness and train the distinguisher.

    Args:
        model: name of the model attacked.
        test: faces to protect.
        minutes: of the budget; more of them mean more streams and more pictures.
        say: called with progress messages.
    """
    streams = int(np.clip(minutes * 16, 16, 256))
    each = int(np.clip(minutes * 40, 40, 400))
    way = attacked(model)
    figures: dict[str, Any] = {}
    tables: list[Table] = []
    rows, failed, control_failed = [], [], False
    if isinstance(way, FlowMethod) and way.flow.kind != "keyed":
        flow, count = way.flow, way.flow.words(SIDE, SIDE)
        originals = [r.pixels for r in test.regions]
        no_pad = np.zeros(count, np.uint16)
        sources: dict[str, Callable[[Pixels], Bits]] = {
            "embedded": lambda x: to_bits(
                embedded_words(flow, x, keystream(os.urandom(32), count))
            ),
            "keystream": lambda x: to_bits(keystream(os.urandom(32), count)),
            "without a pad (positive control)": lambda x: to_bits(embedded_words(flow, x, no_pad)),
        }
        for name, source in sources.items():
            found = p_values([source(originals[i % len(originals)]) for i in range(streams)])
            figures[name] = found
            rows += [(name, test_name, f"{p:.3g}") for test_name, p in found.items()]
            if min(found.values()) * len(found) < LEAST_P:
                control_failed |= "control" in name
                failed += [] if "control" in name else [name]
            say(f"randomness of the words, {name}: smallest p {min(found.values()):.3g}")
    control = PlantedLeak(control_flow(model))
    targets: dict[str, AttackTarget] = {model: FreshKeys(way, with_decoder=False)}
    if is_robust(model):
        png = f"{model}, PNG"
        targets[png] = FreshKeys(attacked(model, "PNG"), with_decoder=False)
    accuracies = {}
    for name, target in {**targets, control.name: control}.items():
        accuracies[name] = distinguish(target, test, each)
        say(f"classifier, {name}: {with_interval(accuracies[name])}")
    figures["accuracy"] = {name: [round(v, 4) for v in i] for name, i in accuracies.items()}
    own, other = max(accuracies[name] for name in targets), accuracies[control.name]
    open_bytes: list[tuple[str, int]] = []
    if isinstance(way, FlowMethod) and isinstance(way.flow, Robust):
        open_bytes = in_the_open(way.flow, [r.pixels for r in test.regions])
        failed += [name for name, count in open_bytes if count > 1]
        tables.append(Table(OPEN, ("what", "different values"), open_bytes))
        figures["in the open"] = dict(open_bytes)
    verdict: Verdict = "no leak"
    because = f"The classifier's accuracy is {with_interval(own)}; chance is 0.50."
    if failed:
        verdict, because = (
            "leak",
            f"Not random, or not always alike: {', '.join(failed)}. {because}",
        )
    elif own.low > DISTINGUISHED:
        verdict = "leak"
    elif own.low > 0.5 or other.low <= 0.5 or (rows and not control_failed):
        verdict, because = (
            "inconclusive",
            f"A positive control did not leak, or the accuracy is above chance. {because}",
        )
    tables.append(
        Table(
            f"Classifier: {each} pictures of each original to train on, {each} to test on",
            ("pictures", "accuracy"),
            [(n, with_interval(i)) for n, i in accuracies.items()],
        )
    )
    if rows:
        tables.insert(0, Table(f"p-values over {streams} streams", ("words", "test", "p"), rows))
    return Finding(
        "statistics",
        "Do the embedded words pass tests of randomness, and can a classifier distinguish "
        "protected pictures of two originals with the same look?",
        verdict,
        because,
        tables,
        figures,
    )


def in_the_open(flow: Robust, originals: Sequence[Pixels]) -> list[tuple[str, int]]:
    """How many different lengths and public bytes are found over originals: 1 if x has no part."""
    public = bytes(range(flow.public_bytes(SIDE, SIDE)))
    start = sum(flow.starts(SIDE, SIDE))
    cover = obfuscate(originals[0], LOOK)
    streams, words, read = set(), set(), set()
    for x in [*originals[:16], np.zeros_like(cover), np.full_like(cover, 255)]:
        coded = flow.streams(x)
        streams.add(tuple(map(len, coded)))
        pad = keystream(os.urandom(32), flow.words(SIDE, SIDE))
        base, detail = flow.embedding.read(flow.hide_streams(coded, cover, pad, public))
        words.add((len(base.words), len(detail.words)))
        layer = base if flow.starts(SIDE, SIDE)[0] else detail
        read.add(layer.words[:start].tobytes())
    return [
        ("lengths of the streams", len(streams)),
        ("numbers of words", len(words)),
        ("public bytes", len(read)),
    ]


def distinguish(target: AttackTarget, test: EvaluationSet, each: int) -> Interval:
    """A classifier's accuracy at telling which of two originals fresh pictures hide, 0..1."""
    torch.manual_seed(0)
    first, second = test.regions[0], test.regions[-1]
    centre = slice((SIDE - PART) // 2, (SIDE + PART) // 2)
    o = obfuscate(first.pixels, LOOK, [first.face])
    labels, pictures = [], []
    for number in range(4 * each):
        labels.append(number % 2)
        picture = target.protect((first, second)[number % 2].pixels, o)
        pictures.append(picture[centre, centre].astype(np.float32) - o[centre, centre])
    x = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).clamp(-8, 8)
    y = torch.tensor(labels, dtype=torch.float32)
    x_train, x_test = x[: 2 * each], x[2 * each :]
    # A linear model on pixels and a convolutional one on texture, whose logits are added.
    linear = nn.Linear(3 * PART * PART, 1)
    nn.init.zeros_(linear.weight)
    pixelwise = nn.Sequential(nn.Flatten(), linear)
    texture = nn.Sequential(
        nn.Conv2d(3, 24, 4, stride=2), nn.ReLU(), nn.Conv2d(24, 32, 4, stride=4), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 1),
    )  # fmt: skip
    nets = nn.ModuleList((pixelwise, texture))
    optimizer = torch.optim.AdamW(nets.parameters(), 1e-3, weight_decay=0.1)
    for _ in range(STEPS):
        chosen = torch.randint(len(x_train), (32,))
        logits = sum(net(x_train[chosen])[:, 0] for net in nets)
        assert isinstance(logits, torch.Tensor)
        loss = nn.functional.binary_cross_entropy_with_logits(logits, y[chosen])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    with torch.inference_mode():
        predicted = torch.cat(
            [sum(net(part)[:, 0] for net in nets) > 0 for part in torch.split(x_test, 64)]
        )
    right = int((predicted == (y[2 * each :] > 0.5)).sum())
    return wilson(right, len(x_test))
