"""The parser that all the other tests rely on refuses what it must."""

import pytest

from support.prometheus_text import FormatError, parse

GOOD = '# HELP a_total Help with \\n and \\\\.\n# TYPE a_total counter\na_total{b="c\\"\\n\\\\"} 1\na_total 2.5e-3\n'


def test_values_and_escapes_come_through():
    exposition = parse(GOOD)
    assert exposition.one("a_total", b='c"\n\\') == 1
    assert exposition.one("a_total", b=None) == 0.0025
    assert exposition.families == {"a_total": "counter"}


def test_openmetrics_names_the_family_without_total():
    exposition = parse("# TYPE a counter\na_total 3\n# EOF\n")
    assert exposition.one("a_total") == 3


@pytest.mark.parametrize(
    "why, text",
    [
        ("no newline at the end", GOOD + "a_total"),
        ("the same series twice", GOOD + "a_total 3\n"),
        ("is in two places", GOOD + '# TYPE b gauge\nb 1\na_total{x="y"} 1\n'),
        ("without a TYPE", "a 1\n"),
        ("second TYPE", GOOD + "# TYPE a_total counter\n"),
        ("a timestamp", "# TYPE a gauge\na 1 1700000000\n"),
        ("not a number", "# TYPE a gauge\na one\n"),
        ("a malformed label", '# TYPE a gauge\na{b="c\\q"} 1\n'),
        ("a malformed label", "# TYPE a gauge\na{b=c} 1\n"),
        ("is empty", '# TYPE a gauge\na{b=""} 1\n'),
        ("twice", '# TYPE a gauge\na{b="1",b="2"} 1\n'),
        ("a comma before }", '# TYPE a gauge\na{b="1",} 1\n'),
        ("an empty line", "\n"),
        ("text after # EOF", "# EOF\n# EOF\n"),
    ],
)
def test_malformed_text_is_refused(why, text):
    with pytest.raises(FormatError, match=why):
        parse(text)
