"""The reference of the requests as a plain page, made from the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>proface: requests</title>
<link rel="stylesheet" href="/static/style.css">
</head>
<body>
<main class="reference">
"""


def reference(document: Mapping[str, Any]) -> str:
    """The page as HTML."""
    parts = [
        _HEAD,
        f"<h1>proface {escape(document['info']['version'])}: requests</h1>\n",
        "<p>Fields are sent as <code>multipart/form-data</code>. An error is a problem document "
        "(RFC 9457): <code>detail</code> has the command's words, <code>code</code> its exit code. "
        '429 comes with Retry-After. <a href="/openapi.json">OpenAPI document</a>, '
        '<a href="/">page</a>.</p>\n',
    ]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            parts.append(_operation(path, method, operation, document))
    return "".join([*parts, "</main>\n</body>\n</html>\n"])


def _operation(
    path: str, method: str, operation: Mapping[str, Any], document: Mapping[str, Any]
) -> str:
    text = (
        f"<section>\n<h2><code>{method.upper()} {escape(path)}</code></h2>\n"
        f"<p><strong>{_words(operation.get('summary', ''))}</strong></p>\n"
    )
    for paragraph in operation.get("description", "").split("\n\n"):
        text += f"<p>{_words(paragraph)}</p>\n" if paragraph else ""
    rows = [_row(*field) for field in _fields(operation, document)]
    if rows:
        text += (
            '<div class="scrolls" tabindex="0" role="region" aria-label="Fields">'
            "<table>\n<thead><tr><th>field</th><th>type</th>"
            f"<th>default</th><th>meaning</th></tr></thead>\n<tbody>{''.join(rows)}</tbody>\n"
            "</table></div>\n"
        )
    return f"{text}</section>\n"


def _fields(
    operation: Mapping[str, Any], document: Mapping[str, Any]
) -> list[tuple[str, Mapping[str, Any], bool]]:
    """Name, schema and whether it must be given, of each field of the body."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = content["schema"]
        for part in (schema, *schema.get("allOf", ())):
            if "$ref" in part:
                schema = document["components"]["schemas"][part["$ref"].rpartition("/")[2]]
        needed = schema.get("required", ())
        return [(name, one, name in needed) for name, one in schema["properties"].items()]
    return []


def _row(name: str, schema: Mapping[str, Any], needed: bool) -> str:
    shown = "required" if needed else schema.get("default", "")
    shown = str(shown).lower() if isinstance(shown, bool) else str(shown)
    return (
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(_type(schema))}</td>"
        f"<td>{escape(shown)}</td><td>{_words(schema.get('description', ''))}</td></tr>\n"
    )


def _type(schema: Mapping[str, Any]) -> str:
    kinds = [one for one in schema.get("anyOf", (schema,)) if one.get("type") != "null"]
    kind = kinds[0]
    if "enum" in kind:
        return ", ".join(map(str, kind["enum"]))
    if kind.get("type") == "array":
        return f"{_type(kind['items'])}s"
    if "contentMediaType" in kind or kind.get("format") == "binary":
        return "file"
    return str(kind.get("type", "text")).replace("string", "text")


def _words(text: str) -> str:
    """A text with `code` marked."""
    pieces = escape(text).split("`")
    return "".join(f"<code>{one}</code>" if n % 2 else one for n, one in enumerate(pieces))
