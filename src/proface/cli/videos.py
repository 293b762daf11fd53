"""What the commands print about videos, and their progress."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from proface.cli.output import complain, say, say_facts, say_json, say_table
from proface.cli.passwords import PasswordSource
from proface.errors import UsageError

if TYPE_CHECKING:
    from proface.models.store import ModelStore
    from proface.options import Options

FrameProgress = Callable[[Path, str, int, int], None]
JSON_INTERVAL = 10.0  # seconds between progress lines


def carry_of(text: str) -> Literal["sealed", "pixels"]:
    """Check option --carry."""
    if text == "sealed":
        return "sealed"
    if text == "pixels":
        return "pixels"
    raise UsageError(f"--carry {text}: give sealed or pixels.")


@contextmanager
def frame_progress(total: int, *, json: bool, quiet: bool) -> Iterator[FrameProgress | None]:
    """Show frames, frames per second and the time left: a bar, or JSON lines on stdout.

    total: number of files; several share the bar of files.
    """
    if json and not quiet:
        yield _json_lines()
        return
    if quiet or total != 1 or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Speed(ProgressColumn):
        def render(self, task: Any) -> Text:
            return Text(f"{task.speed or 0:.1f} frames/s")

    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Speed()]
    console = Console(stderr=True)
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as shown:
        tasks: dict[str, Any] = {}

        def tell(_source: Path, stage: str, done: int, frames: int) -> None:
            if stage not in tasks:
                tasks[stage] = shown.add_task(stage)
            shown.update(tasks[stage], completed=done, total=frames)

        yield tell


def _json_lines() -> FrameProgress:
    """Report at intervals; a line for a clip that is done sooner would be of no use."""
    began: dict[tuple[Path, str], tuple[float, float]] = {}

    def tell(source: Path, stage: str, done: int, frames: int) -> None:
        now = time.monotonic()
        start, last = began.setdefault((source, stage), (now, now))
        if now - last < JSON_INTERVAL:
            return
        began[source, stage] = start, now
        speed = done / (now - start)
        record = {"input": str(source), "status": "working", "stage": stage, "frame": done}
        left = round((frames - done) / speed, 1)
        say_json({**record, "frames": frames, "fps": round(speed, 1), "seconds_left": left})

    return tell


def verify_clip(
    file: Path,
    source: PasswordSource,
    original: Path | None,
    models: ModelStore,
    *,
    json: bool,
) -> None:
    """Implement `verify` of a video."""
    from proface.files.video.access import read_video_file
    from proface.files.video.verify import verify_video

    if source.asks:
        read_video_file(file, check=False)
    report = verify_video(file, source.read_any(), original=original, models=models)
    if json:
        say_json({"file": str(file), **report.to_json()})
    else:
        rows = [(t.n, t.frames, _decibels(t.psnr)) for t in report.tracks]
        say_table(("face", "frames", "recovered"), rows)
        if report.outside is not None:
            say(f"outside the faces: {_decibels(report.outside)}")
    if report.fault:
        complain(f"{file}: {report.fault}")
        raise typer.Exit(1)


def _decibels(value: float | None) -> str:
    if value is None:
        return "whole"
    return "exact" if value == float("inf") else f"{value:.1f} dB"


def inspect_clip(file: Path, *, json: bool) -> None:
    """Implement `inspect` of a video."""
    from proface.batch.video_jobs import entry_record
    from proface.files.video.access import read_video_file

    video = read_video_file(file)
    header = video.header
    sizes = dict.fromkeys(header.track, 0)
    for (_segment, n), record in video.chunks.items():
        sizes[n] += record.length
    tracks = [{**entry_record(track), "bytes": sizes[track.n]} for track in header.tracks]
    keys = [str(stanza.get("type")) for stanza in header.stanzas]
    if json:
        say_json(
            {
                "file": str(file),
                "altered": list(video.changed),
                "video": True,
                "carry": header.carry,
                "keys": keys,
                "look": header.look,
                "size": list(header.size),
                "frames": header.frames,
                "sealed": {name: len(data) for name, data in header.sealed.items()},
                "tracks": tracks,
            }
        )
    else:
        seconds = header.segments[-1].end_ms / 1000
        say_facts(
            [
                ("protected", file),
                ("picture", f"{header.size[0]} x {header.size[1]}"),
                ("frames", f"{header.frames} in {seconds:.1f} s"),
                ("carry", header.carry),
                ("look", header.look),
                ("opens with", ", ".join(keys)),
                ("sealed", ", ".join(header.sealed) or "faces only"),
            ]
        )
        rows = [list(track.values()) for track in tracks]
        say_table(("face", "from s", "to s", "bytes"), rows)
    for change in video.changed:
        complain(f"{file}: altered since it was protected: {change}.")
    if video.changed:
        raise typer.Exit(13)


def faces_of_clip(
    file: Path, chosen: Options, draw: Path | None, *, overwrite: bool, json: bool
) -> None:
    """Implement `faces` of a video; `draw` is a contact sheet of the tracks."""
    from proface.batch.jobs import make_folder
    from proface.batch.video_jobs import track_record
    from proface.files.video.sheet import write_sheet
    from proface.files.video.survey import survey
    from proface.pipeline.people import load_people

    people = load_people(chosen.keep, chosen.only)
    found = survey(file, chosen, people, thumbnails=draw is not None)
    tracks = [track_record(track, found) for track in found.tracks]
    if draw is not None:
        make_folder(draw)
        write_sheet(found, draw, overwrite=overwrite)
    if json:
        say_json({"file": str(file), "frames": len(found.pts), "tracks": tracks})
        return
    if tracks:
        rows = [
            (t["n"], t["from"], t["to"], t["detections"], "yes" if t["protected"] else "no")
            for t in tracks
        ]
        say_table(("face", "from s", "to s", "detections", "hidden"), rows)
    else:
        say(f"{file}: no face found")
    if draw is not None:
        say(f"drawn: {draw}")
