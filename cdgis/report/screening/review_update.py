"""An officer's decision written to the journal and every file of the report: all together, or not at all."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from cdgis.core.errors import ReportError
from cdgis.core.written_files import Anchor, read_register
from cdgis.report.files.atomic_output import staged
from cdgis.report.screening import ScreeningReport, load_report, with_journal
from cdgis.report.screening.reviews import extract_of
from cdgis.results.report_file import ReportFile, canonical, number_faults, printed_anchor, read_report, summary_faults
from cdgis.results.review_journal import (
    Journal,
    anchor_faults,
    chain_faults,
    journal_lock,
    journal_path,
    quotation_faults,
    read_journal,
)

Writer = Callable[[ScreeningReport], bytes]
"""Makes one of a report's files from the report."""


def update_report(
    path: Path, append: Callable[[ReportFile, Path], Journal], *, writers: Mapping[str, Writer]
) -> tuple[Journal, list[Path]]:
    """Append a decision to a report's journal and write the report's files anew; return the journal and those files.

    Parameters
    ----------
    append : appends to the journal at the path given and returns it as it stands then.
    writers : file ending -> makes that file's bytes; only files that stand beside the report are written.

    Raises
    ------
    ReportError : the report does not hold together, or the folder cannot be written; then nothing is changed.
    """
    report = read_report(path)
    faults = [*number_faults(report), *summary_faults(report)]
    if faults:
        raise ReportError(f"{path.name} 已被改动，不能复核：{'；'.join(faults)}")
    before, kept = load_report(canonical(report.content)), journal_path(path)
    _check_journal(report, kept)
    # The journal is appended to as a copy, so that it takes its place together with the files that print its hash.
    with journal_lock(kept), staged(path.parent, own=()) as stage:
        if kept.is_file():
            shutil.copyfile(kept, stage.folder / kept.name)
        journal = append(report, stage.folder / kept.name)
        stage.journals[kept.name] = Anchor(length=journal.length, head=journal.head)
        stage.known.add(kept.name)
        after = with_journal(before, extract_of(journal, report.number))
        for ending, make in sorted(writers.items()):
            beside = path.with_suffix(ending)
            if beside.exists():
                (stage.folder / beside.name).write_bytes(make(after))
                # a report sent from elsewhere stands in no register; that its own record gives its bytes is as good
                stage.known |= {beside.name} if beside.read_bytes() == make(before) else set()
    return journal, [written for written in stage.written if written != kept]


def _check_journal(report: ReportFile, path: Path) -> None:
    """Refuse to append to a journal that is not the one the report and the register know."""
    journal = read_journal(path)
    faults = [
        *chain_faults(journal),
        *anchor_faults(journal, printed_anchor(report), who="报告"),
        *anchor_faults(journal, read_register(path.parent).journals.get(path.name), who="登记册"),
        *quotation_faults(
            journal, report_number=report.number, subject_id=report.subject_id, findings=report.rows("findings")
        ),
    ]
    if faults:
        raise ReportError(f"复核记录 {path.name} 与登记不符，不能续写：{'；'.join(faults)}", remedy="请从备份恢复")
