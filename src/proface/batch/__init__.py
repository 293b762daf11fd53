"""Many files: which there are, where each goes, and working through them.

inputs --make_plan--> Plan (jobs, what cannot be done) --run_jobs--> an Outcome for each
"""

from proface.batch.inputs import find_photos
from proface.batch.outcome import Outcome, exit_code
from proface.batch.plan import Job, Plan, Target, make_plan, make_target
from proface.batch.running import run_jobs
from proface.batch.work import Existing, Protecting, Recovering

__all__ = [
    "Existing",
    "Job",
    "Outcome",
    "Plan",
    "Protecting",
    "Recovering",
    "Target",
    "exit_code",
    "find_photos",
    "make_plan",
    "make_target",
    "run_jobs",
]
