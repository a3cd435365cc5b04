"""SQuAD's JSON, which many data sets share: articles hold paragraphs, and these hold questions."""

from collections.abc import Iterator

from stages.formats.lines import Problems, Row


def holds_articles(content) -> bool:
    """Whether parsed JSON is in SQuAD's form: {"data": [{"paragraphs": [...]}, ...], ...}."""
    articles = content.get("data") if isinstance(content, dict) else None
    first = articles[0] if isinstance(articles, list) and articles else None
    return isinstance(first, dict) and isinstance(first.get("paragraphs"), list)


def read_articles(content: dict, bad: Problems) -> Iterator[Row]:
    """Rows are questions, numbered from 1: id, question, context, document (the article's title, else its number), and
    answers where the file has any: the objects of the file, none where is_impossible says so."""
    found = list(_questions(content))
    answered = any("answers" in question for *_, question in found)
    for number, (document, context, question) in enumerate(found, 1):
        needed = ["question", *(["answers"] if answered and not question.get("is_impossible") else [])]
        missing = [f"question {number} has no {key!r}" for key in needed if key not in question]
        missing += [] if isinstance(context, str) else [f"the paragraph of question {number} has no 'context'"]
        bad.extend((number, what) for what in missing)
        row = {"id": str(question.get("id", number)), "question": question.get("question"), "context": context}
        row["document"] = document
        if answered:
            row["answers"] = [] if question.get("is_impossible") else question.get("answers")
        yield number, None if missing else row


def _questions(content):
    for position, article in enumerate(content["data"], 1):
        for paragraph in _objects(article, "paragraphs"):
            for question in _objects(paragraph, "qas"):
                yield str(article.get("title") or position), paragraph.get("context"), question


def _objects(holder, key):
    held = holder.get(key) if isinstance(holder, dict) else None
    return [value for value in held if isinstance(value, dict)] if isinstance(held, list) else []
