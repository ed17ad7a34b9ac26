"""The report: one self-contained page that shows what a build made, and how.

`facts` counts a partition, `checks` its verdicts by source, `formats` its formal texts, `curation`
its training rows (as tables: `summaries`), `tokens` what it took; `sample` reads the problems that
`choice` chooses (with `thumbnails`), and `page` writes HTML from all of it: `plots` draws (over
`bins`), `problem` tells one problem's story, `formal` that of its formal text, which `drawing`
draws; `text` keeps what strangers wrote inert and bounded.
"""

from tasks.report.checks import count_checks
from tasks.report.curation import count_curation, describe_curation
from tasks.report.facts import ReportFacts, summarize
from tasks.report.formats import count_formats
from tasks.report.page import write_report
from tasks.report.sample import SampledProblem, read_sample
from tasks.report.summaries import add_summaries
from tasks.report.tokens import count_tokens

__all__ = [
    "ReportFacts",
    "SampledProblem",
    "add_summaries",
    "count_checks",
    "count_curation",
    "count_formats",
    "count_tokens",
    "describe_curation",
    "read_sample",
    "summarize",
    "write_report",
]
