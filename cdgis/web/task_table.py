"""What a worker can be asked, by name."""

from collections.abc import Callable, Mapping
from typing import Any

from cdgis.web.dossiers import receive_dossier
from cdgis.web.process_tasks import PROCESS_TASKS
from cdgis.web.tasks import alternatives, judge_sites, read_boundary, warm_up, ways_out, write_case_reports
from cdgis.web.workspace_tasks import WORKSPACE_TASKS

TASKS: Mapping[str, Callable[..., dict[str, Any]]] = {
    "read": read_boundary, "judge": judge_sites, "ways": ways_out, "warm": warm_up, "alternatives": alternatives, "write": write_case_reports,
    "receive": receive_dossier, **WORKSPACE_TASKS, **PROCESS_TASKS,
}  # fmt: skip
