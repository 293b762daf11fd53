"""An fsspec store that holds nothing but names: `simulated://FOLDERS/FILES`."""

from __future__ import annotations

from typing import Any

from fsspec.spec import AbstractFileSystem


class SimulatedStore(AbstractFileSystem):  # type: ignore[misc]
    """Lists so many folders with so many photos in each, as its path says."""

    protocol = "simulated"
    cachable = False

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return path.removeprefix("simulated://").rstrip("/")

    def ls(self, path: str, detail: bool = True, **_options: Any) -> list[Any]:
        parts = path.strip("/").split("/")
        if len(parts) > 3 or not all(part.isdigit() for part in parts[:2]):
            raise FileNotFoundError(path)
        folders, files = map(int, parts[:2])
        if len(parts) == 2:
            names = [(f"{path}/{n:04}", "directory") for n in range(folders)]
        else:
            names = [(f"{path}/{n:06}.jpg", "file") for n in range(files)]
        if not detail:
            return [name for name, _kind in names]
        return [{"name": name, "type": kind, "size": 2_000_000} for name, kind in names]

    def isfile(self, path: str) -> bool:
        return path.endswith(".jpg")

    def exists(self, path: str, **_options: Any) -> bool:
        return not path.endswith(".jpg")
