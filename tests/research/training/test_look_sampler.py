"""The samplers draw what the published training drew, in its ranges."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from proface.errors import UsageError
from proface.looks import obfuscate
from proface.research.training.look_sampler import SAMPLERS, Sampler

Pixels = np.ndarray


@pytest.fixture(scope="module")
def face() -> Pixels:
    return np.ascontiguousarray(astronaut()[0:256, 96:352])


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("targets") / "target.png"
    Image.fromarray(astronaut()[0:256, 96:352, ::-1]).save(path)
    return path


def drawn(name: str, times: int, target: Path) -> list[Callable[[Pixels], Pixels]]:
    sampler = Sampler(name, [target])
    return [sampler.draw(np.random.default_rng(n)) for n in range(times)]


def nearest(image: Pixels, candidates: dict[float, Pixels]) -> tuple[float, float]:
    """The strength that explains an image best, and what it leaves unexplained."""
    errors = {s: float(np.abs(c.astype(int) - image).mean()) for s, c in candidates.items()}
    best = min(errors, key=errors.__getitem__)
    return best, errors[best]


@pytest.mark.parametrize(
    ("name", "strengths"),
    [("median", range(17, 30, 2)), ("pixelate", range(14, 27, 2)), ("blur", range(9, 22))],
)
def test_single_looks_stay_in_their_ranges(
    name: str, strengths: range, face: Pixels, target: Path
) -> None:
    candidates = {float(s): obfuscate(face, f"{name}:{s}") for s in strengths}

    found = [nearest(apply(face), candidates) for apply in drawn(name, 40, target)]

    # Blur is drawn from all numbers between: the nearest whole one leaves a little.
    assert max(rest for _, rest in found) <= (1.5 if name == "blur" else 0)
    assert len({strength for strength, _ in found}) >= 6


def test_hybrid_is_the_milder_set(face: Pixels, target: Path) -> None:
    looks = [apply(face) for apply in drawn("hybrid", 30, target)]
    fixed = {0.0: obfuscate(face, "median:15"), 1.0: obfuscate(face, "pixelate:9")}

    kinds = [nearest(look, fixed) for look in looks]

    exact = [strength for strength, rest in kinds if rest == 0]
    assert {0.0, 1.0} == set(exact)
    blurred = [look for look, (_, rest) in zip(looks, kinds, strict=True) if rest]
    assert len(blurred) > 3
    # A kernel of 21 reaches 10 pixels: a lone dot is gone beyond.
    dot = np.zeros((256, 256, 3), np.uint8)
    dot[128, 128] = 255
    for apply in drawn("hybrid", 30, target):
        spread = np.argwhere(apply(dot).sum(2)) - 128
        assert spread.size == 0 or np.abs(spread).max() <= 10


def test_hybrid_all_draws_all_six_and_says_what_stands_in(
    face: Pixels, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROFACE_MODELS", str(tmp_path))
    sampler = Sampler("hybridAll", [target])

    assert SAMPLERS["hybridAll"] == (
        "blur", "median", "pixelate", "mask", "simswap", "faceshifter",
    )  # fmt: skip
    assert sampler.fallbacks() == ["faceshifter", "simswap"]
    assert Sampler("basic", [target]).fallbacks() == []


def test_without_their_weights_swaps_show_the_target_by_swap(
    face: Pixels, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROFACE_MODELS", str(tmp_path))

    (apply,) = drawn("hybridMorph", 1, target)

    assert np.array_equal(apply(face), obfuscate(face, f"swap:{target}"))


def test_no_target_with_a_face_is_told(face: Pixels, tmp_path: Path) -> None:
    meadow = tmp_path / "meadow.png"
    Image.new("RGB", (100, 100), (60, 120, 60)).save(meadow)

    with pytest.raises(UsageError, match="--targets"):
        drawn("swap", 1, meadow)[0](face)


def test_an_unknown_look_is_refused() -> None:
    with pytest.raises(UsageError, match="hybridAll"):
        Sampler("hybridall", [])


def test_another_image_and_plain_colours_serve_as_covers(tmp_path: Path) -> None:
    target = tmp_path / "another.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(target)
    sampler, pixels = Sampler("mixed", [target]), np.zeros((64, 48, 3), np.uint8)
    covers = [sampler.draw(np.random.default_rng(n))(pixels) for n in range(40)]
    assert all(cover.shape == pixels.shape and cover.dtype == np.uint8 for cover in covers)
    colours = [len(np.unique(cover.reshape(-1, 3), axis=0)) for cover in covers]
    assert max(colours) > 1000  # another image
    assert any(count == 1 and cover.any() for count, cover in zip(colours, covers, strict=True))


def test_covers_with_detail_get_three_times_the_share(tmp_path: Path) -> None:
    target = tmp_path / "another.png"
    Image.fromarray(np.full((64, 64, 3), 77, np.uint8)).save(target)
    sampler, pixels = Sampler("detailed", [target]), np.zeros((64, 48, 3), np.uint8)
    covers = [sampler.draw(np.random.default_rng(n))(pixels) for n in range(140)]
    shown = sum(bool((cover == 77).all()) for cover in covers)
    stuck = sum(bool(cover.any()) for cover in covers) - shown  # all else leaves black as it is
    assert 32 < shown < 62  # of 140, 47 on average
    assert 32 < stuck < 62
