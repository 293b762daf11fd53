"""Canonical JSON: one content has one form, so that what is signed is what is read."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from proface.media.header_fields import Damaged

# Real headers need 10 for each of 10,000 regions at most; "[[],[],..." of 64 MiB would take
# gigabytes once parsed.
_MAX_TOKENS = 500_000


def canonical_json(value: object) -> bytes:
    """UTF-8, keys sorted by code point, no white space, only what must be escaped is escaped."""
    text = json.dumps(
        value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    )
    return text.encode("utf-8")


def parse_canonical(data: bytes, damaged: Damaged) -> Any:
    """The JSON value; DamagedFileError unless `canonical_json` of it is exactly `data`.

    So duplicate keys, NaN, fractions, white space and odd escapes are all refused.
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
    except (ValueError, RecursionError):  # covers broken UTF-8, lone surrogates, endless digits
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
