"""Questions with their contexts and answers, for the tests of question answering."""

from tasks.question_answering import QuestionAnswering


def make(**choices):
    return QuestionAnswering(**{"name": "question_answering", "best": "f1", **choices})


TASK = make(stride=8, max_question=10)
CHINESE = "范廷颂于1963年被任为主教。他生于宁平省。"


def examples(*rows):
    """Columns from tuples of a question, its context and its answers."""
    columns = zip(*rows, strict=True)
    return dict(zip(("question", "context", "answers"), map(list, columns), strict=True))


def answer(*pairs):
    """Answers in SQuAD's form, from pairs of a text and the place where it starts."""
    return {"text": [text for text, _ in pairs], "answer_start": [start for _, start in pairs]}
