"""The space that a search looks in: words in Hydra's syntax -> parameters, and the values of one trial -> its words."""

from dataclasses import dataclass, replace

from hydra.core.override_parser.overrides_parser import OverridesParser

from stages.arguments import typed

DIGITS = 6  # of a number that is drawn: more would make words that nobody can read
BOOLEANS = {"True": "true", "False": "false"}  # as Hydra gives them: as they are typed


@dataclass(frozen=True)
class Parameter:
    """One dimension. `key`: as it is typed; `choices`: the values of a word, as typed, none for numbers, which lie in
    `low` to `high`, both included, in steps where there is a `step`; `when`: it counts only where the parameter
    when[0] has one of the values when[1]."""

    key: str
    choices: tuple[str, ...] = ()
    low: float = 0
    high: float = 0
    step: float | None = None
    log: bool = False
    when: tuple[str, tuple[str, ...]] | None = None

    @property
    def is_whole(self):
        """Whether its values are whole numbers."""
        return isinstance(self.low, int) and isinstance(self.high, int) and not self.choices

    @property
    def edges(self):
        """The values that show whether all can be composed."""
        return self.choices or tuple(dict.fromkeys((self.low, self.high)))

    def applies(self, values):
        """Whether it counts beside these values of other parameters."""
        return self.when is None or _text(values.get(self.when[0])) in self.when[1]


def words_of(values: dict) -> list[str]:
    """Parameter -> value, as words."""
    return [f"{key}={_text(value)}" for key, value in values.items()]


def _text(value):
    return repr(_rounded(value)) if isinstance(value, float) else str(value)


def _rounded(value):
    return float(f"{value:.{DIGITS}g}")


def _word(value):
    return str(typed(value))


def space_of(words, when=None, loader=None) -> tuple[list[Parameter], list[str]]:
    """-> (the parameters, each behind the one it depends on; the words with one value). `when`: {key: {other key:
    value, or a list of them}}; `loader`: Hydra's, which knows what a glob finds. ValueError for what has no meaning."""
    parameters, fixed = {}, {}
    for override in OverridesParser.create(config_loader=loader).parse_overrides(words):
        kind = parameters if override.is_sweep_override() else fixed
        for other in (parameters, fixed):  # a key that is given twice has the values given last
            other.pop(override.key_or_group, None)
        kind[override.key_or_group] = _parameter(override) if kind is parameters else override.input_line
    if not parameters:
        raise ValueError(
            "there is nothing to search. Give a key several values: 'optimizer.learning_rate=tag(log, interval(1e-5, "
            "1e-3))' 'batch_size=choice(8,16,32)'"
        )
    for key, condition in (when or {}).items():
        parameters[key] = _with_condition(key, condition, parameters)
    return _in_order(parameters), list(fixed.values())


def _parameter(override):
    value, key, line = override.value(), override.get_key_element(), override.input_line
    tags = getattr(value, "tags", set())
    if tags - {"log"}:
        raise ValueError(
            f"{line}: {', '.join(sorted(tags - {'log'}))} is no tag of a search. There is one: tag(log, ...)"
        )
    if override.is_choice_sweep():
        words = (BOOLEANS.get(word, word) for word in override.sweep_string_iterator())
        return Parameter(key, choices=tuple(dict.fromkeys(words)))
    if override.is_interval_sweep():
        return _checked(Parameter(key, low=value.start, high=value.end, log="log" in tags), line)
    numbers = sorted(n if isinstance(n, int) else _rounded(n) for n in value.range())
    if not numbers:
        raise ValueError(f"{line} holds no number.")
    return _checked(Parameter(key, low=numbers[0], high=numbers[-1], step=abs(value.step), log="log" in tags), line)


def _checked(parameter, line):
    if parameter.low > parameter.high:
        raise ValueError(f"{line} begins behind its end. Give the smaller number first.")
    if parameter.log and parameter.low <= 0:
        raise ValueError(f"{line}: a logarithm needs numbers above 0. Raise the first one, or leave out the tag.")
    if parameter.log and parameter.step not in (None, 1):
        raise ValueError(f"{line}: steps do not fit a logarithm. Use interval(...), or leave out the tag.")
    return replace(parameter, step=None) if parameter.log else parameter


def _with_condition(key, condition, parameters):
    """The parameter `key`, with what it depends on."""
    if key not in parameters:
        raise ValueError(f"sweeper.when names {key}, which has no values to search. Add {key}=a,b to the command.")
    if not isinstance(condition, dict) or len(condition) != 1:
        raise ValueError(
            f"sweeper.when={{{key}: {typed(condition)}}} is no condition. Write {{{key}: {{other.key: value}}}}"
        )
    ((other, given),) = condition.items()
    values = tuple(map(_word, given if isinstance(given, list) else [given]))
    if other not in parameters:
        raise ValueError(f"sweeper.when={{{key}: ...}} looks at {other}, which has no values to search. Leave it out.")
    choices = parameters[other].choices
    unknown = [value for value in values if value not in choices]
    if unknown:
        listed = f"Its values: {', '.join(choices)}" if choices else "Only choices can be conditions."
        raise ValueError(f"sweeper.when={{{key}: ...}}: {other}={unknown[0]} is not searched. {listed}")
    return replace(parameters[key], when=(parameters[other].key, values))


def _in_order(parameters):
    """Those that others depend on first."""
    ordered, left = [], list(parameters.values())
    while left:
        known = {parameter.key for parameter in ordered}
        ready = [parameter for parameter in left if parameter.when is None or parameter.when[0] in known]
        if not ready:
            raise ValueError(f"sweeper.when: {', '.join(p.key for p in left)} depend on each other. Leave one out.")
        ordered += ready
        left = [parameter for parameter in left if parameter not in ready]
    return ordered


def probes(parameters) -> list[dict]:
    """Values that show each choice and both ends of each interval once: what cannot be composed shows before the first
    trial."""
    by_key = {parameter.key: parameter for parameter in parameters}
    found = [_completed(parameters, {})]
    for parameter in parameters:
        for value in parameter.edges:
            chosen, one = {parameter.key: value}, parameter
            while one.when:
                chosen[one.when[0]] = one.when[1][0]
                one = by_key[one.when[0]]
            values = _completed(parameters, chosen)
            if values not in found:
                found.append(values)
    return found


def _completed(parameters, chosen):
    values = {}
    for parameter in parameters:
        if parameter.applies(values):
            values[parameter.key] = chosen.get(parameter.key, parameter.edges[0])
    return values


def starting_points(parameters, given) -> list[dict]:
    """`sweeper.enqueue` as values of parameters; what a point leaves open is drawn. ValueError for what is unknown."""
    by_key = {parameter.key: parameter for parameter in parameters}
    points = []
    for point in given:
        unknown = next((key for key in point if key not in by_key), None)
        if unknown:
            raise ValueError(f"sweeper.enqueue: {unknown} is not searched. Searched: {', '.join(by_key)}")
        points.append({key: _start(by_key[key], value) for key, value in point.items()})
    return points


def _start(parameter, value):
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if parameter.choices:
        if _word(value) in parameter.choices:
            return _word(value)
    elif is_number and parameter.low <= value <= parameter.high:
        return value if parameter.is_whole else float(value)
    raise ValueError(f"sweeper.enqueue: {parameter.key}={typed(value)} is not among the values that are searched.")
