"""What every figure of the miniature world shares: its interface, its questions, their reasoning.

A figure is one image's content. It can be drawn, written as formal text, and asked about; each
`Question` carries its gold answer and the steps that lead there. The steps are short and uniform,
so that a very small model can follow them.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tasks.world.canvas import Drawing

OPTION_LETTERS = "ABCD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question about a figure."""

    name: str
    """Type of the question: count, sum, ..."""
    text: str
    answer: str
    """Gold answer: a number, a word or words, yes, no, or the letter of an option."""
    steps: str
    """Reasoning that leads to the answer, without tags."""
    difficulty: int
    """1: read one thing; 2: relate two things; 3: go through the whole figure."""
    options: tuple[str, ...] = ()

    @property
    def reasoning(self) -> str:
        """The ground-truth completion: thought, then boxed answer."""
        return f"<think>{self.steps}</think>\n\\boxed{{{self.answer}}}"


class Figure(Protocol):
    """The content of one image."""

    @property
    def formal_text(self) -> str:
        """The exact formal text."""
        ...

    def draw(self, rng: random.Random) -> Drawing:
        """Render; only looks, never content, come from `rng`."""
        ...

    def ask(self, rng: random.Random) -> Question:
        """Ask a random question."""
        ...


def say(condition: bool) -> str:
    """Turn a truth into yes or no."""
    return "yes" if condition else "no"


def offer_options(question: Question, rng: random.Random) -> Question:
    """Turn a question with a number for its answer into one with lettered options."""
    gold = int(question.answer)
    near = [gold + step for step in (-10, -3, -2, -1, 1, 2, 3, 10) if gold + step >= 0]
    numbers = sorted([gold, *rng.sample(near, 2)])
    letter = OPTION_LETTERS[numbers.index(gold)]
    return Question(
        name=question.name,
        text=question.text,
        answer=letter,
        steps=f"{question.steps} {gold} is {letter}.",
        difficulty=question.difficulty,
        options=tuple(str(number) for number in numbers),
    )


def count_matches(items: list[tuple[str, bool]]) -> tuple[str, int]:
    """Go through items one by one, saying whether each matches and how many did so far."""
    parts: list[str] = []
    count = 0
    for item, is_match in items:
        count += is_match
        parts.append(f"{item} {say(is_match)} {count}")
    return ", ".join(parts) + ".", count


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Named numbers that can be asked about: bars, a table's column, the sides of a polygon."""

    entries: tuple[tuple[str, int], ...]
    noun: str
    """`value`, `cost`, `length`: what the numbers are."""
    entry_word: str
    """`label`, `item`, `side`: what carries them."""
    total_text: str
    """The question that asks for the total."""
    prefix: str = ""
    suffix: str = ""
    """Stand around a name where a question relates two."""
    preface: str = ""
    """What the reasoning says first."""

    def ask(self, rng: random.Random) -> Question:
        """Ask a random question about the numbers."""
        asks: list[Callable[[random.Random], Question]] = [
            self.ask_value,
            self.ask_extreme,
            self.ask_extreme,
            self.ask_pair,
            self.ask_pair,
            self.ask_pair,
            self.ask_total,
            self.ask_count_above,
        ]
        question = rng.choice(asks)(rng)
        if question.answer.isdigit() and rng.random() < 0.2:
            return offer_options(question, rng)
        return question

    def ask_pair(self, rng: random.Random) -> Question:
        """Ask a question that relates two of the numbers."""
        asks = [self.ask_sum, self.ask_difference, self.ask_mean, self.ask_comparison]
        return rng.choice(asks)(rng)

    def ask_value(self, rng: random.Random) -> Question:
        """Ask for one number."""
        name, value = rng.choice(self.entries)
        text = f"What is the {self.noun} of {name}?"
        return self._question("look-up", text, str(value), f"{name}={value}.", 1)

    def ask_extreme(self, rng: random.Random) -> Question:
        """Ask which entry has the largest or smallest number."""
        word, choose = rng.choice([("largest", max), ("smallest", min)])
        best = choose(value for _, value in self.entries)
        if sum(value == best for _, value in self.entries) > 1:
            return self.ask_value(rng)
        steps: list[str] = []
        leader = self.entries[0]
        for index, entry in enumerate(self.entries):
            leader = choose(leader, entry, key=lambda pair: pair[1])
            said = f"{entry[0]}={entry[1]}"
            steps.append(said if index == 0 else f"{said}: {leader[0]}={leader[1]}")
        text = f"Which {self.entry_word} has the {word} {self.noun}?"
        return self._question("extreme", text, leader[0], ", ".join(steps) + ".", 3)

    def ask_sum(self, rng: random.Random) -> Question:
        """Ask for the sum of two numbers."""
        (first, left), (second, right) = rng.sample(self.entries, 2)
        text = f"What is the sum of {self._phrase(first)} and {self._phrase(second)}?"
        steps = f"{first}={left}, {second}={right}, {left}+{right}={left + right}."
        return self._question("sum", text, str(left + right), steps, 2)

    def ask_difference(self, rng: random.Random) -> Question:
        """Ask how far apart two numbers are."""
        (first, left), (second, right) = rng.sample(self.entries, 2)
        high, low = max(left, right), min(left, right)
        text = f"What is the difference between {self._phrase(first)} and {self._phrase(second)}?"
        steps = f"{first}={left}, {second}={right}, {high}-{low}={high - low}."
        return self._question("difference", text, str(high - low), steps, 2)

    def ask_mean(self, rng: random.Random) -> Question:
        """Ask for the mean of two numbers whose sum is even; for their sum where it is odd."""
        (first, left), (second, right) = rng.sample(self.entries, 2)
        total = left + right
        if total % 2:
            return self.ask_sum(rng)
        text = f"What is the mean of {self._phrase(first)} and {self._phrase(second)}?"
        steps = f"{first}={left}, {second}={right}, {left}+{right}={total}, {total}/2={total // 2}."
        return self._question("mean", text, str(total // 2), steps, 3)

    def ask_comparison(self, rng: random.Random) -> Question:
        """Ask whether one number is above another."""
        (first, left), (second, right) = rng.sample(self.entries, 2)
        text = f"Is {self._phrase(first)} greater than {self._phrase(second)}?"
        steps = f"{first}={left}, {second}={right}."
        return self._question("compare", text, say(left > right), steps, 2)

    def ask_total(self, rng: random.Random) -> Question:
        """Ask for the total of all numbers."""
        del rng
        (name, total), *rest = self.entries
        steps = f"{name}={total}"
        for name, value in rest:
            steps += f", {name}={value}, {total}+{value}={total + value}"
            total += value
        return self._question("total", self.total_text, str(total), steps + ".", 3)

    def ask_count_above(self, rng: random.Random) -> Question:
        """Ask how many numbers are above a bound near one of them."""
        bound = max(1, rng.choice(self.entries)[1] + rng.randint(-3, 2))
        items = [(f"{name}={value}", value > bound) for name, value in self.entries]
        steps, count = count_matches(items)
        text = f"How many {self.entry_word}s have a {self.noun} above {bound}?"
        return self._question("count", text, str(count), steps, 3)

    def _phrase(self, name: str) -> str:
        return f"{self.prefix}{name}{self.suffix}"

    def _question(self, name: str, text: str, answer: str, steps: str, difficulty: int) -> Question:
        steps = f"{self.preface}{steps}"
        return Question(name=name, text=text, answer=answer, steps=steps, difficulty=difficulty)
