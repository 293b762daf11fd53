"""Recipes: defaults of training settings, by flow and name.

`paper` is the published one, `quick` trains on a CPU in minutes to hours.
"""

from __future__ import annotations

from typing import Any

RECIPES: dict[tuple[str, str], dict[str, Any]] = {
    ("keyed", "paper"): {
        "loss": "paper",
        "rate": 1e-5,
        "weight_decay": 1e-5,
        "batch": 6,
        "steps": 100_000,
        "save": 500,
        "samples": 1000,
    },
    ("keyed", "quick"): {
        "loss": "pixels",
        "rate": 5e-4,
        "beta2": 0.99,
        "schedule": "cosine",
        "warmup": 50,
        "clip": 0.5,
        "average": 0.99,
        "precision": "bf16",
        "batch": 4,
        "look": "mixed",
        "crop": 128,
        "pool": 512,
        "steps": 5000,
    },
    ("padded", "quick"): {
        "look": "basic",
        "loss": "psnr",
        "rate": 1.5e-3,
        "beta2": 0.99,
        "schedule": "cosine",
        "warmup": 100,
        "clip": 5.0,
        "average": 0.998,
        "precision": "bf16",
        "batch": 16,
        "crop": 128,
        "pool": 1536,
        "fresh": 8,
        "steps": 7000,
        "save": 250,
        "validation": 24,
    },
    ("robust", "quick"): {
        "look": "basic",
        "loss": "psnr",
        "rate": 1e-3,
        "beta2": 0.99,
        "schedule": "cosine",
        "warmup": 100,
        "clip": 5.0,
        "average": 0.998,
        "batch": 16,
        "crop": 96,
        "pool": 1536,
        "fresh": 4,
        "steps": 6000,
        "save": 250,
        "validation": 40,
    },
}
