"""The report: one self-contained page that shows what a build made, and how.

`facts` counts a partition, `checks` its verdicts by source, `tokens` what it took; `sample` reads
the problems that `choice` chooses (with `thumbnails`), and `page` writes HTML from all of it:
`plots` draws (over `bins`), `problem` tells one problem's story, `text` keeps what strangers wrote
inert and bounded.
"""

from tasks.report.checks import count_checks
from tasks.report.facts import ReportFacts, summarize
from tasks.report.page import write_report
from tasks.report.sample import SampledProblem, read_sample
from tasks.report.tokens import count_tokens

__all__ = [
    "ReportFacts",
    "SampledProblem",
    "count_checks",
    "count_tokens",
    "read_sample",
    "summarize",
    "write_report",
]
