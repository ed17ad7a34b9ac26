"""The commands: one module each, which describes its arguments and runs it.

Heavy imports wait inside the functions until a command needs them, so that `--help` is quick.
"""

from flows.commands.build import add_build
from flows.commands.demo import add_demo
from flows.commands.doctor import add_doctor
from flows.commands.estimate import add_estimate
from flows.commands.grade import add_grade
from flows.commands.replies import add_replies
from flows.commands.serve_model import add_serve_model

ADD_COMMANDS = (
    add_build,
    add_demo,
    add_estimate,
    add_doctor,
    add_grade,
    add_replies,
    add_serve_model,
)
"""In the order of `sightline --help`."""
