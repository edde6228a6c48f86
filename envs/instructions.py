"""The sentence that tells a model where its answer must stand."""

from __future__ import annotations

INSTRUCTIONS = {
    "raw": "Reply with the {noun} only.",
    "tag": "Think first if you like, then give the {noun} once, inside <answer></answer>.",
    "boxed": "Think first if you like, then give the {noun} once, inside \\boxed{{}}.",
}


def prompt_text(question: str, answer_format: str, noun: str) -> str:
    """Return the prompt of a question: the question, and how to answer it.

    Args:
        question: the problem's question.
        answer_format: `raw`, `tag` or `boxed`.
        noun: what the answer is called, such as `number`.
    """
    return f"{question} {INSTRUCTIONS[answer_format].format(noun=noun)}"
