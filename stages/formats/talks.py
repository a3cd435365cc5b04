"""YAML as ChatterBot's corpus has it: `conversations`, a list of lists of turns, and the `categories` of the file."""

from collections.abc import Iterator

from stages.formats.lines import Problems, Row, lines

NEEDED = "conversations: a list of lists of turns is needed at the top"


def read_talks(path: str, bad: Problems) -> Iterator[Row]:
    """Each conversation is one example, its turns as they are written (yes and 42 too). The file is read whole."""
    import yaml

    text = "\n".join(line for _, line in lines(path, bad))
    try:
        top = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        bad.append((mark.line + 1 if mark else 1, f"invalid YAML ({getattr(error, 'problem', None) or error})"))
        return
    fields = {key.value: value for key, value in top.value} if isinstance(top, yaml.MappingNode) else {}
    talks = fields.get("conversations")
    if not isinstance(talks, yaml.SequenceNode):
        bad.append((1, NEEDED))
        return
    named = fields.get("categories")
    category = ", ".join(node.value for node in named.value) if isinstance(named, yaml.SequenceNode) else ""
    for talk in talks.value:
        number = talk.start_mark.line + 1
        turns = talk.value if isinstance(talk, yaml.SequenceNode) else None
        if not turns or not all(isinstance(turn, yaml.ScalarNode) for turn in turns):
            bad.append((number, "a conversation is a list of texts; quote a turn with a colon or a sign in it"))
            yield number, None
        else:
            yield number, {"messages": [turn.value for turn in turns], "category": category}
