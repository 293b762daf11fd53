"""Canonical JSON: one encoding per value, so that the bytes signed are the bytes read."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from proface.container.header_fields import Damaged

# Real headers need at most 10 for each of 10,000 regions; 64 MiB of "[[],[],..." would take
# gigabytes when parsed.
_MAX_TOKENS = 500_000


def canonical_json(value: object) -> bytes:
    """Encode as UTF-8 with keys sorted by code point, no whitespace and minimal escaping."""
    text = json.dumps(
        value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    )
    return text.encode("utf-8")


def parse_canonical(data: bytes, damaged: Damaged) -> Any:
    """Parse JSON; DamagedFileError unless `canonical_json` of the value is exactly `data`.

    This rejects duplicate keys, NaN, fractions, whitespace and unneeded escapes.
    """
    if sum(data.count(token) for token in (b",", b"[", b"{")) > _MAX_TOKENS:
        raise damaged("JSON", "has too many parts")
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object,
            parse_float=_refuse,
            parse_constant=_refuse,
        )
        same = canonical_json(value) == data
    except _RepeatedKeyError:
        raise damaged("JSON", "repeats a key") from None
    except (ValueError, RecursionError):  # also bad UTF-8, lone surrogates, huge numbers
        raise damaged("JSON", "is not well-formed") from None
    if not same:
        raise damaged("JSON", "is not in canonical form")
    return value


class _RepeatedKeyError(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _RepeatedKeyError
    return found


def _refuse(text: str) -> NoReturn:
    raise ValueError(text)
