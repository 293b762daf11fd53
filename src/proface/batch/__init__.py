"""Batches: find photos, plan their outputs, run the jobs.

On this machine:   inputs --make_plan--> Plan (jobs, unreadable inputs) --run_jobs--> Outcomes
Stores, clusters:  inputs --protect_stores--> Outcomes and a manifest; everything streams
Own pipelines:     ProtectBytes: bytes in, bytes and a record out
"""

from proface.batch.inputs import find_photos
from proface.batch.jobs import Existing, Protecting, Recovering
from proface.batch.photo_bytes import BatchKeys, ProtectBytes, Settings
from proface.batch.plan import Job, Plan, Target, make_plan, make_target, needs_lossless
from proface.batch.records import Outcome, exit_code
from proface.batch.runners import run_jobs
from proface.batch.sentences import sentence
from proface.batch.store_batch import protect_stores
from proface.batch.video_jobs import FrameProgress

__all__ = [
    "BatchKeys",
    "Existing",
    "FrameProgress",
    "Job",
    "Outcome",
    "Plan",
    "ProtectBytes",
    "Protecting",
    "Recovering",
    "Settings",
    "Target",
    "exit_code",
    "find_photos",
    "make_plan",
    "make_target",
    "needs_lossless",
    "protect_stores",
    "run_jobs",
    "sentence",
]
